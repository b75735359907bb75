import { createHash } from 'node:crypto';

/** What differs from one MSI to the next. */
export interface MsiFacts {
  readonly version: string;
  readonly productCode: string;
  readonly upgradeCode: string;
  /** Paths below the install folder, with `/`. */
  readonly files: readonly string[];
}

interface Folder {
  readonly files: string[];
  readonly folders: Map<string, Folder>;
}

/** A file's key in the MSI's tables, which take 72 characters of few kinds. */
export function fileKeyOf(path: string): string {
  const plain = path.replaceAll(/[^A-Za-z0-9]/g, '_');
  const mark = createHash('sha256').update(path).digest('hex').slice(0, 8);
  return `f_${plain.slice(-50)}_${mark}`;
}

/** The description that wixl compiles. What wixl cannot say is added by msi-tables.ts. */
export function msiSource({ version, productCode, upgradeCode, files }: MsiFacts): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
<Product Id="${productCode}" Name="Flynotes Agent" Language="1033" Version="${msiVersionOf(version)}" Manufacturer="Flynotes" UpgradeCode="${upgradeCode}">
<Package InstallerVersion="500" Compressed="yes" InstallScope="perMachine" Description="Keeps Flynotes current with a practice's Carestream R4" Comments="host ${escape(version)}"/>
<MajorUpgrade DowngradeErrorMessage="A newer version of the Flynotes Agent is installed already. It updates what it runs by itself; nothing has to be installed."/>
<Media Id="1" Cabinet="agent.cab" EmbedCab="yes"/>
<Property Id="ARPNOMODIFY" Value="1"/>
<Property Id="REINSTALLMODE" Value="amus"/>
<Property Id="WINDOWSMAJOR"><RegistrySearch Id="WindowsMajor" Root="HKLM" Key="SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion" Name="CurrentMajorVersionNumber" Type="raw" Win64="yes"/></Property>
<Condition Message="The Flynotes Agent needs Windows 10 or Windows Server 2016, or a later one. Install it on another machine that reaches R4's SQL Server.">Installed OR WINDOWSMAJOR</Condition>
<Binary Id="InstallerLibrary" SourceFile="msi-actions.dll"/>
<CustomAction Id="Placeholder" BinaryKey="InstallerLibrary" DllEntry="Prepare"/>
<Directory Id="TARGETDIR" Name="SourceDir">
<Directory Id="ProgramFiles64Folder"><Directory Id="FlynotesPrograms" Name="Flynotes">
${folderXml(treeOf(files), 'INSTALLFOLDER', 'Agent', '')}
</Directory></Directory>
<Directory Id="CommonAppDataFolder"><Directory Id="FlynotesData" Name="Flynotes"><Directory Id="DATAFOLDER" Name="Agent"/></Directory></Directory>
</Directory>
<Feature Id="Agent" Level="1">
${files.map((file) => `<ComponentRef Id="c${fileKeyOf(file)}"/>`).join('\n')}
</Feature>
</Product>
</Wix>
`;
}

/** MSI compares three numbers and knows no pre-releases. */
export function msiVersionOf(version: string): string {
  return version.replace(/[-+].*$/, '');
}

function treeOf(files: readonly string[]): Folder {
  const tree: Folder = { files: [], folders: new Map() };
  for (const file of files) {
    let folder = tree;
    for (const name of file.split('/').slice(0, -1)) {
      const next = folder.folders.get(name) ?? { files: [], folders: new Map() };
      folder.folders.set(name, next);
      folder = next;
    }
    folder.files.push(file);
  }
  return tree;
}

function folderXml(folder: Folder, id: string, name: string, at: string): string {
  return [
    `<Directory Id="${id}" Name="${escape(name)}">`,
    ...folder.files.map(componentXml),
    ...[...folder.folders].map(([each, inside]) =>
      folderXml(inside, `d${fileKeyOf(`${at}${each}/`)}`, each, `${at}${each}/`),
    ),
    '</Directory>',
  ].join('\n');
}

/** Told to Windows Installer too, so that it takes no file of a running service for one in use, which would mean a restart of the machine. */
const stopService = '<ServiceControl Id="Stop" Name="FlynotesAgent" Stop="both" Wait="yes"/>';

/** A component for each file, so that wixl derives a lasting identity from the file's place. */
function componentXml(file: string): string {
  const key = fileKeyOf(file);
  const source = escape(`files/${file}`);
  return `<Component Id="c${key}" Guid="*" Win64="yes"><File Id="${key}" Name="${escape(file.split('/').at(-1) ?? '')}" Source="${source}" KeyPath="yes"/>${file === 'carestream-service.exe' ? stopService : ''}</Component>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

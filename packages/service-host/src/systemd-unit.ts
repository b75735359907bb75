/** What a unit is made of. */
export interface UnitSettings {
  readonly installDir: string;
  readonly dataDir: string;
  /** The Node.js that runs the host and the agent. */
  readonly node: string;
  readonly account: string;
  /** Words for the supervisor besides its folders. */
  readonly words: readonly string[];
}

/** The service's name. */
export const unitName = 'flynotes-agent.service';

/** Folders that the sandbox hides from the service. */
const hidden = ['/home', '/root', '/run/user', '/tmp', '/var/tmp', '/dev', '/proc', '/sys', '/boot'];

/** Why a folder cannot be the service's; null when it can. */
export function faultOfFolder(folder: string): string | null {
  if (!folder.startsWith('/') || folder === '/') return `${folder}: not an absolute path of a folder`;
  // systemd reads a unit line by line.
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(folder)) return 'a folder with control characters in its name cannot be used';
  const inside = hidden.find((each) => folder === each || folder.startsWith(`${each}/`));
  return inside === undefined ? null : `${folder}: ${inside} is hidden from the service`;
}

/**
 * The unit. It keeps the host running for ever, and lets it write the data folder alone. V8 makes machine code at run time, so memory
 * cannot be kept from being writable and executable. See systemd.exec(5), systemd.service(5).
 */
export function systemdUnit({ installDir, dataDir, node, account, words }: UnitSettings): string {
  const command = [
    node,
    `${installDir}/supervisor.mjs`,
    '--install-dir',
    installDir,
    '--data-dir',
    dataDir,
    // Standard input of a unit is /dev/null, which has ended before it began: SIGTERM stops the host here.
    '--no-stdin',
    ...words,
  ];
  return `[Unit]
Description=Flynotes agent for Carestream R4
Documentation=https://www.flynotes.com
Wants=network-online.target
After=network-online.target
# Never give up, however often it ends.
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${command.map(quotedCommand).join(' ')}
Restart=always
RestartSec=2
# SIGTERM to the host, which stops the agent within 25 s; then whatever is left.
KillMode=mixed
TimeoutStopSec=40
# The agent may outgrow its memory; the host then undoes the version.
OOMPolicy=continue
User=${account}
UMask=0027
StandardOutput=journal
StandardError=journal
SyslogIdentifier=flynotes-agent

ProtectSystem=strict
ReadWritePaths=${quoted(dataDir)}
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
LockPersonality=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
DevicePolicy=closed
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @obsolete
SystemCallErrorNumber=EPERM
TasksMax=256

[Install]
WantedBy=multi-user.target
`;
}

/** One word of a unit's line, without specifiers (systemd.syntax(7)). */
function quoted(word: string): string {
  if (/^[A-Za-z0-9_./:@+-]+$/.test(word)) return word;
  return `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}

/** In a command, `$` would begin a variable (systemd.service(5)). */
function quotedCommand(word: string): string {
  return quoted(word).replaceAll('$', '$$$$');
}

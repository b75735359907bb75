import type { ServerState, SessionState } from '../state.ts';

/** Code page and comparison style of the default collation. */
const collationId = 872468488;

/** SERVERPROPERTY of a 2008 R2 Standard Edition; text, since sql_variant is sent as what it holds. */
export const serverProperty = (server: ServerState, property: string): string | null => {
  const values: Readonly<Record<string, string>> = {
    productversion: '10.50.4000.0',
    productlevel: 'SP2',
    edition: 'Standard Edition (64-bit)',
    editionid: '-1534726760',
    engineedition: '2',
    collation: server.collation,
    collationid: String(collationId),
    comparisonstyle: '196609',
    servername: server.name,
    machinename: server.name.split('\\')[0] ?? server.name,
    computernamephysicalnetbios: server.name.split('\\')[0] ?? server.name,
    isclustered: '0',
    isfulltextinstalled: '1',
    isintegratedsecurityonly: '0',
    issingleuser: '0',
    lcid: '1033',
    licensetype: 'DISABLED',
    processid: '1480',
    resourceversion: '10.50.4000',
    sqlcharset: '1',
    sqlcharsetname: 'iso_1',
    sqlsortorder: '52',
    sqlsortordername: 'nocase_iso',
    buildclrversion: 'v2.0.50727',
    filestreamconfiguredlevel: '0',
    filestreameffectivelevel: '0',
  };
  return values[property.trim().toLowerCase()] ?? null;
};

/** CONNECTIONPROPERTY: how the asking session itself is connected, always over TCP here. */
export const connectionProperty = ({ local }: SessionState, property: string): string | null => {
  const values: Readonly<Record<string, string | undefined>> = {
    net_transport: 'TCP',
    physical_net_transport: 'TCP',
    protocol_type: 'TSQL',
    auth_scheme: 'SQL',
    local_net_address: local?.address,
    local_tcp_port: local === undefined ? undefined : String(local.port),
    client_net_address: local?.address,
  };
  return values[property.trim().toLowerCase()] ?? null;
};

/** DATABASEPROPERTYEX: all databases are alike. */
export const databaseProperty = (server: ServerState, property: string): string | null => {
  const values: Readonly<Record<string, string>> = {
    collation: server.collation,
    comparisonstyle: '196609',
    isansinulldefault: '0',
    isansinullsenabled: '0',
    isautoclose: '0',
    isautocreatestatistics: '1',
    isautoshrink: '0',
    isautoupdatestatistics: '1',
    isfulltextenabled: '0',
    isinstandby: '0',
    isparameterizationforced: '0',
    isquotedidentifiersenabled: '0',
    ispublished: '0',
    issubscribed: '0',
    recovery: 'SIMPLE',
    sqlsortorder: '52',
    status: 'ONLINE',
    updateability: 'READ_WRITE',
    useraccess: 'MULTI_USER',
    version: '661',
  };
  return values[property.trim().toLowerCase()] ?? null;
};

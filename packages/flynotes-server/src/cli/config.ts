import { levelSchema } from '@flynotes/carestream-server/api';
import * as z from 'zod';
import type { QueueOptions } from '../queue/index.ts';
import type { FlynotesServerOptions } from '../server.ts';

const url = (protocols: RegExp) => z.url({ protocol: protocols });
const http = url(/^https?$/);

/** The environment that the command line reads; each variable is described in `flynotes-server --help`. */
const environmentSchema = z.object({
  DATABASE_URL: url(/^postgres(?:ql)?$/).optional(),
  FLYNOTES_DATA_DIR: z.string().min(1).optional(),
  FLYNOTES_OPERATOR_TOKEN: z
    .string()
    .min(16, 'must have at least 16 characters')
    .max(200)
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
    .optional(),
  FLYNOTES_QUEUE: z.enum(['aws', 'local', 'none']).optional(),
  AWS_REGION: z
    .string()
    .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'must be a region such as eu-west-2')
    .optional(),
  FLYNOTES_QUEUE_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{0,15}$/)
    .default('carestream-'),
  FLYNOTES_QUEUE_RECEIVES_MOST: z.coerce.number().int().min(1).max(1000).optional(),
  FLYNOTES_QUEUE_VISIBILITY_S: z.coerce.number().int().min(0).max(43_200).optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  FLYNOTES_SQS_ENDPOINT: http.optional(),
  FLYNOTES_CREDENTIAL_ISSUER: http.optional(),
  FLYNOTES_ROLLBAR_TOKEN: z.string().min(1).max(200).optional(),
  FLYNOTES_ROLLBAR_ENVIRONMENT: z.string().min(1).max(100).default('production'),
  FLYNOTES_ROLLBAR_LEVEL: levelSchema.default('info'),
  FLYNOTES_ROLLBAR_ENDPOINT: http.optional(),
  FLYNOTES_REGISTRY_URL: http.optional(),
  FLYNOTES_REGISTRY_TOKEN: z.string().min(1).optional(),
  FLYNOTES_SANDBOX_DESK_URL: http.optional(),
  FLYNOTES_RELEASE_KEYS: z.string().min(1).optional(),
  FLYNOTES_PUBLIC_URL: http.optional(),
  FLYNOTES_AGENT_VERSION_LEAST: z
    .string()
    .regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/)
    .optional(),
});
type Environment = z.infer<typeof environmentSchema>;

/** What could not be understood, in a sentence for each variable. */
export class ConfigError extends Error {}

/** Reads the environment. @throws ConfigError in plain words; values are never repeated */
export function readEnvironment(environment: NodeJS.ProcessEnv): Environment {
  const present = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = environmentSchema.safeParse(present);
  if (parsed.success) return parsed.data;
  throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
}

/** Where the data is: a PostgreSQL by DATABASE_URL, else the embedded database in a folder, or in memory. */
export function databaseOf(
  env: Environment,
  options: { dataDir?: string; inMemory?: boolean },
): NonNullable<FlynotesServerOptions['database']> {
  if (env.DATABASE_URL !== undefined) return { url: env.DATABASE_URL };
  if (options.inMemory === true) return { dataDir: null };
  return { dataDir: options.dataDir ?? env.FLYNOTES_DATA_DIR ?? 'flynotes-data' };
}

/** Where queues come from. @throws ConfigError */
export function queueOf(env: Environment): QueueOptions {
  const shape = {
    namePrefix: env.FLYNOTES_QUEUE_PREFIX,
    ...(env.FLYNOTES_QUEUE_RECEIVES_MOST === undefined ? {} : { receivesMost: env.FLYNOTES_QUEUE_RECEIVES_MOST }),
    ...(env.FLYNOTES_QUEUE_VISIBILITY_S === undefined ? {} : { visibilityS: env.FLYNOTES_QUEUE_VISIBILITY_S }),
  };
  switch (env.FLYNOTES_QUEUE ?? 'none') {
    case 'none':
      return { kind: 'none' };
    case 'aws':
      if (env.AWS_REGION === undefined) throw new ConfigError('AWS_REGION: is needed with FLYNOTES_QUEUE=aws');
      return { kind: 'aws', region: env.AWS_REGION, ...shape };
    case 'local': {
      const { FLYNOTES_SQS_ENDPOINT: sqsEndpoint, FLYNOTES_CREDENTIAL_ISSUER: issuerUrl } = env;
      if (sqsEndpoint === undefined)
        throw new ConfigError('FLYNOTES_SQS_ENDPOINT: is needed with FLYNOTES_QUEUE=local');
      if (issuerUrl === undefined)
        throw new ConfigError('FLYNOTES_CREDENTIAL_ISSUER: is needed with FLYNOTES_QUEUE=local');
      const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
      const keys = accessKeyId === undefined || secretAccessKey === undefined ? {} : { accessKeyId, secretAccessKey };
      return { kind: 'local', region: env.AWS_REGION ?? 'eu-west-2', ...shape, sqsEndpoint, issuerUrl, ...keys };
    }
  }
}

/** Everything else that the environment tells. */
export function settingsOf(
  env: Environment,
): Pick<FlynotesServerOptions, 'rollbar' | 'registry' | 'deskUrl' | 'publicUrl' | 'agentVersionLeast'> {
  const { FLYNOTES_ROLLBAR_TOKEN: accessToken, FLYNOTES_ROLLBAR_ENDPOINT: endpoint } = env;
  const { FLYNOTES_REGISTRY_URL: registryUrl, FLYNOTES_REGISTRY_TOKEN: registryToken } = env;
  return {
    rollbar:
      accessToken === undefined
        ? null
        : {
            accessToken,
            environment: env.FLYNOTES_ROLLBAR_ENVIRONMENT,
            level: env.FLYNOTES_ROLLBAR_LEVEL,
            ...(endpoint === undefined ? {} : { endpoint }),
          },
    registry:
      registryUrl === undefined || registryToken === undefined ? null : { url: registryUrl, token: registryToken },
    deskUrl: env.FLYNOTES_SANDBOX_DESK_URL ?? null,
    publicUrl: env.FLYNOTES_PUBLIC_URL ?? null,
    ...(env.FLYNOTES_AGENT_VERSION_LEAST === undefined ? {} : { agentVersionLeast: env.FLYNOTES_AGENT_VERSION_LEAST }),
  };
}

import { passFiguresSchema } from '../contract/index.ts';
import type { FlynotesClient } from '../flynotes/index.ts';
import type { Work, WorkContext } from '../lifecycle/index.ts';
import type { PracticeReader } from '../practice/index.ts';
import { isAgentError, type Clock } from '../runtime/index.ts';
import type { State } from '../state/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import type { UploadDeps } from '../upload/index.ts';
import { version } from '../version.ts';
import { tidyAfterPasses } from './tidy-uploads.ts';
import type { AgentSurroundings } from './surroundings.ts';

/** What is there before practice and licence are known. */
export interface Parts {
  readonly state: State;
  readonly telemetry: Telemetry;
  readonly flynotes: FlynotesClient;
  readonly surroundings: AgentSurroundings;
  readonly clock: Clock;
}

/** Puts together what works all day, once practice and licence are known. */
export async function assemble(
  parts: Parts,
  context: WorkContext<PracticeReader>,
  queueParts: Promise<typeof import('../queue/index.ts')>,
): Promise<Work> {
  const { state, telemetry, flynotes, surroundings, clock } = parts;
  const { log } = telemetry;
  const [{ createQueue }, upload, { createCommands }] = await Promise.all([
    queueParts,
    import('../upload/index.ts'),
    import('../commands/index.ts'),
  ]);
  const licence = context.licence();
  const digesterOf = keepNewest(upload.createKeyedDigester);
  const puts = upload.createPatientPuts(clock);
  const uploadDeps = (ports: Pick<UploadDeps, 'practice' | 'flynotes' | 'clock'>): UploadDeps => ({
    ...ports,
    state,
    log,
    puts,
    // A new key, or another server, comes with a licence answer of any hour.
    get digester() {
      return digesterOf(context.licence().digest);
    },
    readingForm() {
      const { database, fingerprint } = context.practice.schema;
      return `${version} ${database} ${fingerprint}`;
    },
    refusalJudge: () => context.licence().serverVersion ?? 'not-told',
    timeZone: licence.practice.timeZone,
  });
  const ports = { practice: () => context.practice, flynotes, clock };
  const rightOfWay = upload.createRightOfWay(clock);
  const bulkUploads = tidyAfterPasses(upload.createBulkUploads(uploadDeps(rightOfWay.givenBy(ports))), {
    clock,
    log,
    rightOfWay,
  });
  const handle = createCommands({
    reporter: log,
    version,
    bulkUploads,
    patientUploads: upload.createPatientUploads(uploadDeps(ports), { rightOfWay }),
    questionnaires: () => context.practice,
    requestRestart: () => context.requestRestart(),
  });
  const { queue: address } = licence;
  const queue = createQueue(
    {
      clock,
      log,
      inbox: state.inbox,
      credentials: {
        current: () => context.licence().queue.credentials,
        renew: async () => (await context.renewLicence()).queue.credentials,
      },
      handle,
      onUnknownType: () => context.checkVersion(),
      onAnswer: () => context.queueAnswered(),
      keep: (work) => state.keep(work),
      report(result) {
        const add = () => telemetry.addResult(JSON.stringify(result));
        try {
          // On its way at once: it waits for the disk with the note that its message is done.
          state.lightly(add);
        } catch (error) {
          log.error(error, 'state');
          // What finds no room is kept in memory.
          add();
        }
      },
    },
    {
      url: address.url,
      region: address.region,
      ...(address.endpoint === undefined ? {} : { endpoint: address.endpoint }),
      ...(surroundings.proxy === null ? {} : { proxyEnv: surroundings.proxy }),
    },
  );
  return {
    serve: (until) => queue.serve(until),
    queueStats: () => queue.stats(),
    uploadAll: (signal) =>
      bulkUploads.request('scheduled', signal).catch((error: unknown) => {
        // What a damaged file held is won back from R4 and Flynotes by the next start's pass.
        if (isAgentError(error) && error.code === 'STATE_UNUSABLE' && error.details['reason'] === 'damaged') {
          state.markDamaged();
          context.requestRestart();
        }
        throw error;
      }),
    lastPass: () => bulkUploads.current() ?? passFiguresSchema.nullable().catch(null).parse(bulkUploads.last()),
    lastEqualAt: () => bulkUploads.lastEqualAt(),
    close() {
      bulkUploads.close();
      queue.close();
    },
  };
}

/** Makes something anew only when what it is made of has changed. */
function keepNewest<Input, Output>(make: (input: Input) => Output): (input: Input) => Output {
  let newest: { readonly of: string; readonly made: Output } | null = null;
  return (input) => {
    const of = JSON.stringify(input);
    if (newest?.of !== of) newest = { of, made: make(input) };
    return newest.made;
  };
}

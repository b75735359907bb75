import { commandResultSchema } from '../contract/index.ts';
import type { FlynotesClient } from '../flynotes/index.ts';
import { isAgentError } from '../runtime/index.ts';
import type { Delivery } from '../telemetry/index.ts';

/** Tries once to tell Flynotes how a command ended. What Flynotes will never take is given up. */
export async function deliverResult(
  flynotes: FlynotesClient,
  resultJson: string,
  signal: AbortSignal,
): Promise<Delivery> {
  const result = commandResultSchema.safeParse(JSON.parse(resultJson));
  if (!result.success) return { outcome: 'refused', status: 0 };
  try {
    await flynotes.commandResult(result.data, signal);
    return { outcome: 'delivered' };
  } catch (error) {
    if (!isAgentError(error) || error.disposition !== 'permanent') throw error;
    const { status } = error.details;
    return { outcome: 'refused', status: typeof status === 'number' ? status : 0 };
  }
}

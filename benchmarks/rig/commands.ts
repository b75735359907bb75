import { createInterface } from 'node:readline';

/** The child's side of {@link import('../child.ts').Child}: says that it is ready, then answers commands line by line until there are no more. */
export const answerCommands = async (
  ready: object,
  answer: (command: Readonly<Record<string, unknown>>) => Promise<object>,
): Promise<void> => {
  const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  say(ready);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() !== '') say(await answer(JSON.parse(line) as Record<string, unknown>));
  }
};

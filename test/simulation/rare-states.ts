/** States that are reached seldom and in which systems like this one break. One that many seeds never reach is not tested. */
export const rareStates: Readonly<Record<string, readonly string[]>> = {
  registers: [
    'crash during checkpoint',
    'fenced, outcome certain',
    'fenced, outcome unknown',
    'log trimmed under a reader',
    'snapshot restored',
    'snapshot damaged',
    'checkpoint failed',
    'append late',
    'append phantom',
    'append dropped',
    'append stale',
    'message lost',
    'message repeated',
    'message cut',
    'claimed while another leads',
  ],
};

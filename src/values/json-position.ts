/**
 * Where a text stops being JSON. Engines word it differently and some leave it out, so we look ourselves; only ever for
 * a text that JSON.parse has refused.
 */

const token =
  /[\t\n\r ]*(?:([[\]{}:,])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?|true|false|null)/y;

type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end' | 'nothing';

/** The index of the first character that cannot be there; the text's length if it only ends too early. */
export const jsonErrorPosition = (text: string): number => {
  const open: ('[' | '{')[] = [];
  let expected: Expected = 'value';
  let position = 0;
  const afterValue = (): Expected => (open.length === 0 ? 'nothing' : 'comma or end');

  for (;;) {
    while (' \t\n\r'.includes(text[position] ?? 'x')) position++;
    if (position >= text.length) return text.length;
    token.lastIndex = position;
    const match = token.exec(text);
    if (match === null) return position;
    const sign = match[1];
    const isString = match[2] !== undefined;
    const container = open.at(-1);

    if (sign === '}' || sign === ']') {
      const canEnd = expected === 'comma or end' || expected === (sign === ']' ? 'value or end' : 'key or end');
      if (!canEnd || container !== (sign === ']' ? '[' : '{')) return position;
      open.pop();
      expected = afterValue();
    } else if (sign === ',') {
      if (expected !== 'comma or end') return position;
      expected = container === '{' ? 'key' : 'value';
    } else if (sign === ':') {
      if (expected !== 'colon') return position;
      expected = 'value';
    } else if (expected === 'key' || expected === 'key or end') {
      if (!isString) return position;
      expected = 'colon';
    } else if (expected !== 'value' && expected !== 'value or end') {
      return position;
    } else if (sign === '[' || sign === '{') {
      open.push(sign);
      expected = sign === '[' ? 'value or end' : 'key or end';
    } else {
      expected = afterValue();
    }
    position = token.lastIndex;
  }
};

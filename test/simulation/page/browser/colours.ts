/** Colours of the page, as the style sheet has them for light and dark. */

export type Colours = {
  readonly ground: string;
  readonly lane: string;
  readonly laneOther: string;
  readonly down: string;
  readonly line: string;
  readonly text: string;
  readonly faint: string;
  readonly fault: string;
  readonly band: string;
  readonly trouble: string;
  readonly call: string;
  readonly selected: string;
  readonly partitions: readonly string[];
};

const partitionColours = 8;

export const readColours = (): Colours => {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: of('ground'),
    lane: of('lane'),
    laneOther: of('lane-other'),
    down: of('down'),
    line: of('line'),
    text: of('text'),
    faint: of('faint'),
    fault: of('fault'),
    band: of('band'),
    trouble: of('trouble'),
    call: of('call'),
    selected: of('selected'),
    partitions: Array.from({ length: partitionColours }, (_, number) => of(`partition-${number}`)),
  };
};

/** One partition has a colour of its own; several, or none, have that of text. */
export const partitionColour = (colours: Colours, bits: number): string => {
  const number = Math.log2(bits);
  return Number.isInteger(number) ? (colours.partitions[number % partitionColours] as string) : colours.faint;
};

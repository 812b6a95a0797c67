/** What a tidy rule has to say: where, what is wrong, and what to do about it. */
export type Finding = {
  /** Path from the repository's root, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly remedy: string;
};

export const printFinding = (finding: Finding): string =>
  `${finding.file}:${finding.line}  ${finding.what}. ${finding.remedy}.`;

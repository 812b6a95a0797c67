/** Comments that put work off. */
import type { Finding } from './finding.ts';
import type { SourceFile } from './source.ts';

const leftover = /\b(TODO|FIXME|XXX|HACK)\b/;

export const findLeftovers = (files: readonly SourceFile[]): readonly Finding[] =>
  files.flatMap((file) =>
    file.comments.flatMap((comment) =>
      comment.text.split('\n').flatMap((text, index) => {
        const word = leftover.exec(text)?.[1];
        if (word === undefined) return [];
        const what = `a comment says ${word}`;
        return [{ file: file.path, line: comment.line + index, what, remedy: 'Do it now, or file an issue' }];
      }),
    ),
  );

/**
 * The languages an inventory knows, each with how it writes comments and strings. Enough to count lines well, not to parse.
 *
 * A string ends at the end of its line unless its form is marked `multiline`: a stray quote then spoils one line, not a file.
 */

export type StringForm = {
  readonly open: string;
  readonly close: string;
  /** A backslash takes away the meaning of the character after it. */
  readonly escapes: boolean;
  readonly multiline: boolean;
};

export type Syntax = {
  /** What starts a comment that ends with the line. */
  readonly line: readonly string[];
  /** What opens and closes a comment that may span lines. */
  readonly block: readonly (readonly [open: string, close: string])[];
  readonly nested: boolean;
  readonly strings: readonly StringForm[];
};

export type Language = { readonly name: string; readonly syntax: Syntax };

const plainString = (quote: string): StringForm => ({ open: quote, close: quote, escapes: true, multiline: false });
const longString = (open: string, close = open, escapes = true): StringForm => ({
  open,
  close,
  escapes,
  multiline: true,
});
const rawString = (quote: string): StringForm => ({ open: quote, close: quote, escapes: false, multiline: false });

const syntax = (parts: Partial<Syntax>): Syntax => ({ line: [], block: [], nested: false, strings: [], ...parts });

const starBlock = ['/*', '*/'] as const;
const markupBlock = ['<!--', '-->'] as const;
const double = plainString('"');
const single = plainString("'");

const noComments = syntax({});
const slashes = syntax({ line: ['//'], block: [starBlock], strings: [double, single] });
const slashesNested = syntax({ line: ['//'], block: [starBlock], nested: true, strings: [longString('"""'), double] });
const javaScript = syntax({ line: ['//'], block: [starBlock], strings: [double, single, longString('`')] });
const javaLike = syntax({ line: ['//'], block: [starBlock], strings: [longString('"""'), double, single] });
const go = syntax({ line: ['//'], block: [starBlock], strings: [double, single, longString('`', '`', false)] });
const rust = syntax({ line: ['//'], block: [starBlock], nested: true, strings: [longString('"')] });
const css = syntax({ block: [starBlock], strings: [double, single] });
const markup = syntax({ block: [markupBlock] });
const mixedMarkup = syntax({ line: ['//'], block: [markupBlock, starBlock], strings: [double, longString('`')] });
const hash = syntax({ line: ['#'], strings: [double, single] });
const python = syntax({ line: ['#'], strings: [longString('"""'), longString("'''"), double, single] });
const semicolon = syntax({ line: [';'], strings: [double] });
const lisp = syntax({ line: [';'], block: [['#|', '|#']], nested: true, strings: [longString('"')] });
const percent = syntax({ line: ['%'] });
const sql = syntax({ line: ['--'], block: [starBlock], strings: [rawString("'"), rawString('"')] });
const basic = syntax({ line: ["'"], strings: [rawString('"')] });

type Entry = {
  readonly name: string;
  readonly syntax: Syntax;
  readonly extensions?: string;
  readonly names?: string;
  readonly interpreters?: string;
};

/** Extensions, whole file names (both in lower case) and interpreters of `#!` lines are separated by spaces. */
const entries: readonly Entry[] = [
  { name: 'Ada', syntax: syntax({ line: ['--'], strings: [rawString('"')] }), extensions: 'adb ads' },
  { name: 'Assembly', syntax: syntax({ line: [';', '#', '//'], block: [starBlock] }), extensions: 'asm s' },
  { name: 'Astro', syntax: mixedMarkup, extensions: 'astro' },
  { name: 'AWK', syntax: hash, extensions: 'awk', interpreters: 'awk gawk' },
  { name: 'Batch', syntax: syntax({ line: ['::', 'rem ', 'REM '] }), extensions: 'bat cmd' },
  { name: 'C', syntax: slashes, extensions: 'c h' },
  { name: 'C#', syntax: javaLike, extensions: 'cs csx' },
  { name: 'C++', syntax: slashes, extensions: 'cc cpp cxx hh hpp hxx ipp' },
  { name: 'Clojure', syntax: semicolon, extensions: 'clj cljc cljs edn' },
  { name: 'CMake', syntax: hash, extensions: 'cmake', names: 'cmakelists.txt' },
  {
    name: 'CoffeeScript',
    syntax: syntax({ line: ['#'], block: [['###', '###']], strings: [longString('"'), longString("'")] }),
    extensions: 'coffee',
  },
  { name: 'CSS', syntax: css, extensions: 'css' },
  { name: 'CSV', syntax: noComments, extensions: 'csv tsv' },
  { name: 'CUDA', syntax: slashes, extensions: 'cu cuh' },
  {
    name: 'D',
    syntax: syntax({ line: ['//'], block: [starBlock, ['/+', '+/']], strings: [double, single] }),
    extensions: 'd di',
  },
  { name: 'Dart', syntax: javaLike, extensions: 'dart' },
  { name: 'Diff', syntax: noComments, extensions: 'diff patch' },
  { name: 'Dockerfile', syntax: hash, extensions: 'dockerfile', names: 'dockerfile containerfile' },
  { name: 'Elixir', syntax: python, extensions: 'ex exs', interpreters: 'elixir' },
  {
    name: 'Elm',
    syntax: syntax({ line: ['--'], block: [['{-', '-}']], nested: true, strings: [longString('"""'), double] }),
    extensions: 'elm',
  },
  { name: 'Erlang', syntax: syntax({ line: ['%'], strings: [double] }), extensions: 'erl hrl' },
  {
    name: 'F#',
    syntax: syntax({ line: ['//'], block: [['(*', '*)']], strings: [longString('"""'), double] }),
    extensions: 'fs fsi fsx',
  },
  {
    name: 'Fortran',
    syntax: syntax({ line: ['!'], strings: [rawString("'"), rawString('"')] }),
    extensions: 'f90 f95 f03 f08',
  },
  { name: 'Git settings', syntax: hash, names: '.gitattributes .gitmodules .gitconfig' },
  { name: 'GLSL', syntax: slashes, extensions: 'glsl vert frag comp' },
  { name: 'Go', syntax: go, extensions: 'go' },
  { name: 'GraphQL', syntax: hash, extensions: 'graphql gql' },
  { name: 'Groovy', syntax: javaLike, extensions: 'groovy gradle' },
  { name: 'GYP', syntax: python, extensions: 'gyp gypi' },
  {
    name: 'Handlebars',
    syntax: syntax({ block: [['{{!--', '--}}'], markupBlock] }),
    extensions: 'hbs handlebars mustache',
  },
  {
    name: 'Haskell',
    syntax: syntax({ line: ['--'], block: [['{-', '-}']], nested: true, strings: [double] }),
    extensions: 'hs',
  },
  {
    name: 'HCL',
    syntax: syntax({ line: ['#', '//'], block: [starBlock], strings: [double] }),
    extensions: 'hcl tf tfvars',
  },
  { name: 'HTML', syntax: markup, extensions: 'html htm xhtml' },
  { name: 'Ignore list', syntax: hash, names: '.gitignore .npmignore .dockerignore .eslintignore .prettierignore' },
  {
    name: 'INI',
    syntax: syntax({ line: [';', '#'] }),
    extensions: 'ini cfg conf properties',
    names: '.editorconfig .npmrc .yarnrc',
  },
  { name: 'Java', syntax: javaLike, extensions: 'java' },
  { name: 'JavaScript', syntax: javaScript, extensions: 'js mjs cjs jsx flow', interpreters: 'node nodejs deno bun' },
  {
    name: 'JSON',
    syntax: noComments,
    extensions: 'json geojson webmanifest importmap',
    names: '.nycrc .eslintrc .prettierrc .babelrc',
  },
  {
    name: 'JSON with comments',
    syntax: syntax({ line: ['//'], block: [starBlock], strings: [double] }),
    extensions: 'jsonc json5',
  },
  { name: 'JSON lines', syntax: noComments, extensions: 'jsonl ndjson' },
  {
    name: 'Julia',
    syntax: syntax({ line: ['#'], block: [['#=', '=#']], strings: [longString('"""'), double] }),
    extensions: 'jl',
  },
  { name: 'Kotlin', syntax: slashesNested, extensions: 'kt kts' },
  { name: 'LaTeX', syntax: percent, extensions: 'tex sty cls bib' },
  { name: 'Less', syntax: slashes, extensions: 'less' },
  { name: 'Lisp', syntax: lisp, extensions: 'lisp lsp cl el' },
  {
    name: 'Lua',
    syntax: syntax({ line: ['--'], block: [['--[[', ']]']], strings: [longString('[[', ']]', false), double, single] }),
    extensions: 'lua',
    interpreters: 'lua luajit',
  },
  {
    name: 'Makefile',
    syntax: syntax({ line: ['#'] }),
    extensions: 'mk mak',
    names: 'makefile gnumakefile',
    interpreters: 'make',
  },
  { name: 'Markdown', syntax: markup, extensions: 'md markdown mdown mkd' },
  { name: 'MATLAB', syntax: syntax({ line: ['%'], block: [['%{', '%}']] }), extensions: 'mlx' },
  { name: 'MDX', syntax: syntax({ block: [markupBlock, ['{/*', '*/}']] }), extensions: 'mdx' },
  {
    name: 'Nim',
    syntax: syntax({ line: ['#'], block: [['#[', ']#']], nested: true, strings: [longString('"""'), double] }),
    extensions: 'nim',
  },
  {
    name: 'Nix',
    syntax: syntax({ line: ['#'], block: [starBlock], strings: [longString('"'), longString("''")] }),
    extensions: 'nix',
  },
  { name: 'Objective-C', syntax: slashes, extensions: 'm mm' },
  {
    name: 'OCaml',
    syntax: syntax({ block: [['(*', '*)']], nested: true, strings: [longString('"')] }),
    extensions: 'ml mli',
  },
  {
    name: 'Pascal',
    syntax: syntax({
      line: ['//'],
      block: [
        ['{', '}'],
        ['(*', '*)'],
      ],
      strings: [rawString("'")],
    }),
    extensions: 'pas pp dpr',
  },
  { name: 'Perl', syntax: hash, extensions: 'pl pm', interpreters: 'perl' },
  {
    name: 'PHP',
    syntax: syntax({ line: ['//', '#'], block: [starBlock], strings: [double, single] }),
    extensions: 'php',
    interpreters: 'php',
  },
  {
    name: 'Plain text',
    syntax: noComments,
    extensions: 'txt text log',
    names: 'license licence copying copyright notice readme authors changelog changes',
  },
  {
    name: 'PowerShell',
    syntax: syntax({ line: ['#'], block: [['<#', '#>']], strings: [rawString('"'), rawString("'")] }),
    extensions: 'ps1 psm1 psd1',
  },
  { name: 'Protocol Buffers', syntax: slashes, extensions: 'proto' },
  { name: 'Python', syntax: python, extensions: 'py pyi pyw', interpreters: 'python' },
  { name: 'R', syntax: hash, extensions: 'r' },
  { name: 'reStructuredText', syntax: noComments, extensions: 'rst' },
  {
    name: 'Ruby',
    syntax: hash,
    extensions: 'rb rake gemspec',
    names: 'gemfile rakefile podfile',
    interpreters: 'ruby',
  },
  { name: 'Rust', syntax: rust, extensions: 'rs' },
  { name: 'Sass', syntax: slashes, extensions: 'sass scss' },
  { name: 'Scala', syntax: slashesNested, extensions: 'scala sc' },
  { name: 'Scheme', syntax: lisp, extensions: 'scm rkt' },
  {
    name: 'Shell',
    syntax: hash,
    extensions: 'sh bash zsh ksh fish',
    names: '.bashrc .profile .zshrc',
    interpreters: 'sh bash zsh ksh dash fish',
  },
  { name: 'Solidity', syntax: slashes, extensions: 'sol' },
  { name: 'Source map', syntax: noComments, extensions: 'map' },
  { name: 'SQL', syntax: sql, extensions: 'sql' },
  { name: 'Svelte', syntax: mixedMarkup, extensions: 'svelte' },
  { name: 'SVG', syntax: markup, extensions: 'svg' },
  { name: 'Swift', syntax: slashesNested, extensions: 'swift' },
  {
    name: 'Tcl',
    syntax: syntax({ line: ['#'], strings: [longString('"')] }),
    extensions: 'tcl',
    interpreters: 'tclsh wish',
  },
  { name: 'TOML', syntax: python, extensions: 'toml' },
  { name: 'TypeScript', syntax: javaScript, extensions: 'ts mts cts tsx', interpreters: 'ts-node tsx' },
  { name: 'Vim script', syntax: syntax({ line: ['"'] }), extensions: 'vim', names: '.vimrc' },
  { name: 'Visual Basic', syntax: basic, extensions: 'vb vbs bas' },
  { name: 'Vue', syntax: mixedMarkup, extensions: 'vue' },
  {
    name: 'WebAssembly text',
    syntax: syntax({ line: [';;'], block: [['(;', ';)']], nested: true, strings: [double] }),
    extensions: 'wat wast',
  },
  { name: 'XML', syntax: markup, extensions: 'xml xsd xsl xslt plist vcxproj csproj' },
  { name: 'YAML', syntax: hash, extensions: 'yaml yml' },
  { name: 'Zig', syntax: syntax({ line: ['//'], strings: [double, single] }), extensions: 'zig' },
];

const otherText: Language = { name: 'Other text', syntax: noComments };

const byExtension = indexBy('extensions');
const byName = indexBy('names');
const byInterpreter = indexBy('interpreters');

/**
 * The language of a text file: by its whole name, else by what follows its last dot, else by what comes before the first dot or
 * hyphen (`LICENSE-MIT`), else by its `#!` line, else `Other text`.
 * `firstLine` is the beginning of the file, up to a line end or longer.
 */
export function languageOf(name: string, firstLine: string): Language {
  const lower = name.toLowerCase();
  const dot = lower.lastIndexOf('.');
  return (
    byName.get(lower) ??
    (dot > 0 ? byExtension.get(lower.slice(dot + 1)) : undefined) ??
    byName.get(/^[^.-]*/.exec(lower)?.[0] ?? '') ??
    byInterpreter.get(interpreterOf(firstLine)) ??
    otherText
  );
}

/** `python3` of `#!/usr/bin/env -S python3 -u`; empty if there is none. */
function interpreterOf(firstLine: string): string {
  const command = /^#![ \t]*([^\r\n]*)/.exec(firstLine)?.[1] ?? '';
  const words = command.split(/[ \t]+/).map((word) => word.slice(word.lastIndexOf('/') + 1));
  const first = words[0] === 'env' ? words.slice(1).find((word) => !/^-|=/.test(word)) : words[0];
  return (first ?? '').replace(/[.\d]+$/, '');
}

function indexBy(key: 'extensions' | 'names' | 'interpreters'): ReadonlyMap<string, Language> {
  const index = new Map<string, Language>();
  for (const entry of entries) {
    for (const word of entry[key]?.split(' ') ?? []) {
      if (index.has(word)) {
        throw new Error(`two languages claim ${word}`);
      }
      index.set(word, { name: entry.name, syntax: entry.syntax });
    }
  }
  return index;
}

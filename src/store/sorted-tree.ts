/**
 * An immutable B+tree from key strings to values: every change gives a new tree that shares all untouched nodes with the old
 * one, so a reader keeps a state for the price of one reference.
 *
 * Nodes made within one `edit` carry its token and are changed in place until the edit is over. Emptied nodes are removed,
 * half-empty ones are not merged: a tree that lost most of its rows is a little deeper than it need be.
 */
const nodeEntriesMax = 64;

type Leaf<V> = { readonly edit: object; readonly keys: string[]; readonly values: V[] };
/** `keys[i]` is not above any key below `children[i]`, and above all keys below `children[i - 1]`; `keys[0]` is not used. */
type Branch<V> = { readonly edit: object; readonly keys: string[]; readonly children: Node<V>[] };
type Node<V> = Leaf<V> | Branch<V>;

const isLeaf = <V>(node: Node<V>): node is Leaf<V> => 'values' in node;

/** The first place from `first` on whose key is not below `key`. */
const lowerBound = (keys: readonly string[], key: string, first = 0): number => {
  let low = first;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The child below which `key` stands or would stand. `keys[0]` may be above what stands below the first child. */
const childIndex = (keys: readonly string[], key: string): number => {
  const index = lowerBound(keys, key, 1);
  return keys[index] === key ? index : index - 1;
};

export class SortedTree<V> {
  readonly #root: Node<V>;

  private constructor(root: Node<V>) {
    this.#root = root;
  }

  static empty<V>(): SortedTree<V> {
    return new SortedTree<V>({ edit: {}, keys: [], values: [] });
  }

  get(key: string): V | undefined {
    let node = this.#root;
    while (!isLeaf(node)) node = node.children[childIndex(node.keys, key)]!;
    const index = lowerBound(node.keys, key);
    return node.keys[index] === key ? node.values[index] : undefined;
  }

  /** Entries with `from <= key < to` in ascending order (`to` undefined: to the end). */
  range(from: string, to: string | undefined): Iterable<readonly [key: string, value: V]> {
    return rangeOf(this.#root, from, to);
  }

  /** The same entries in descending order. */
  rangeDown(from: string, to: string | undefined): Iterable<readonly [key: string, value: V]> {
    return rangeDownOf(this.#root, from, to);
  }

  /** The tree with all changes made; value undefined deletes. Keys in ascending order are fastest. */
  edit(changes: Iterable<readonly [key: string, value: V | undefined]>): SortedTree<V> {
    const edit = {};
    let root = this.#root;
    for (const [key, value] of changes) {
      if (value === undefined) root = remove(root, key, edit) ?? { edit, keys: [], values: [] };
      else {
        root = insert(root, key, value, edit);
        if (root.keys.length > nodeEntriesMax) {
          const right = split(root, edit);
          root = { edit, keys: [root.keys[0]!, right.keys[0]!], children: [root, right] };
        }
      }
    }
    return new SortedTree(root);
  }
}

const owned = <V>(node: Node<V>, edit: object): Node<V> => {
  if (node.edit === edit) return node;
  return isLeaf(node)
    ? { edit, keys: node.keys.slice(), values: node.values.slice() }
    : { edit, keys: node.keys.slice(), children: node.children.slice() };
};

/** The node with the entry in it, possibly one entry too large. */
const insert = <V>(shared: Node<V>, key: string, value: V, edit: object): Node<V> => {
  const node = owned(shared, edit);
  if (isLeaf(node)) {
    const index = lowerBound(node.keys, key);
    if (node.keys[index] === key) node.values[index] = value;
    else {
      node.keys.splice(index, 0, key);
      node.values.splice(index, 0, value);
    }
    return node;
  }
  const index = childIndex(node.keys, key);
  const child = insert(node.children[index]!, key, value, edit);
  node.children[index] = child;
  if (child.keys.length > nodeEntriesMax) {
    const right = split(child, edit);
    node.keys.splice(index + 1, 0, right.keys[0]!);
    node.children.splice(index + 1, 0, right);
  }
  return node;
};

/** Cuts off and returns a node's second half. Its first key is at once what separates it in the parent. */
const split = <V>(node: Node<V>, edit: object): Node<V> => {
  const at = nodeEntriesMax >>> 1;
  return isLeaf(node)
    ? { edit, keys: node.keys.splice(at), values: node.values.splice(at) }
    : { edit, keys: node.keys.splice(at), children: node.children.splice(at) };
};

/** The node without the entry, undefined if nothing is left of it. */
const remove = <V>(shared: Node<V>, key: string, edit: object): Node<V> | undefined => {
  if (isLeaf(shared)) {
    const index = lowerBound(shared.keys, key);
    if (shared.keys[index] !== key) return shared;
    if (shared.keys.length === 1) return undefined;
    const leaf = owned(shared, edit) as Leaf<V>;
    leaf.keys.splice(index, 1);
    leaf.values.splice(index, 1);
    return leaf;
  }
  const index = childIndex(shared.keys, key);
  const before = shared.children[index]!;
  const after = remove(before, key, edit);
  if (after === before) return shared;
  if (after === undefined && shared.children.length === 1) return undefined;
  const branch = owned(shared, edit) as Branch<V>;
  if (after !== undefined) branch.children[index] = after;
  else {
    branch.keys.splice(index, 1);
    branch.children.splice(index, 1);
  }
  return branch;
};

function* rangeOf<V>(node: Node<V>, from: string, to: string | undefined): Generator<readonly [string, V]> {
  if (isLeaf(node)) {
    for (let index = lowerBound(node.keys, from); index < node.keys.length; index += 1) {
      const key = node.keys[index]!;
      if (to !== undefined && key >= to) return;
      yield [key, node.values[index]!];
    }
    return;
  }
  for (let index = childIndex(node.keys, from); index < node.children.length; index += 1) {
    // The first child may hold keys below its separator.
    if (to !== undefined && index > 0 && node.keys[index]! >= to) return;
    yield* rangeOf(node.children[index]!, from, to);
  }
}

function* rangeDownOf<V>(node: Node<V>, from: string, to: string | undefined): Generator<readonly [string, V]> {
  if (isLeaf(node)) {
    const end = to === undefined ? node.keys.length : lowerBound(node.keys, to);
    for (let index = end - 1; index >= 0 && node.keys[index]! >= from; index -= 1)
      yield [node.keys[index]!, node.values[index]!];
    return;
  }
  const last = to === undefined ? node.children.length - 1 : childIndex(node.keys, to);
  for (let index = last; index >= 0; index -= 1) {
    yield* rangeDownOf(node.children[index]!, from, to);
    // The first child may hold keys below its separator; what is before the others is below theirs.
    if (index > 0 && node.keys[index]! <= from) return;
  }
}

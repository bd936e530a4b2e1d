// What differs between two objects, member by member, and what two people's changes make together.

export type Path = readonly string[];

export interface Difference {
  path: Path;
  before: unknown;
  after: unknown;
}

/** Both have changed the same member, and not to the same. */
export interface Conflict {
  path: Path;
  mine: unknown;
  theirs: unknown;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Same content; the order of members does not count. */
export function same(a: unknown, b: unknown): boolean {
  if (isObject(a) && isObject(b)) {
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...names].every((name) => same(a[name], b[name]));
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, at) => same(each, b[at]));
  }
  return a === b;
}

/** Objects are looked into, lists and all else are compared as a whole. */
export function differences(before: unknown, after: unknown, path: Path = []): Difference[] {
  if (isObject(before) || isObject(after)) {
    const [old, now] = [isObject(before) ? before : {}, isObject(after) ? after : {}];
    const alike = (value: unknown) => isObject(value) || value === undefined;
    if (alike(before) && alike(after)) {
      const names = new Set([...Object.keys(old), ...Object.keys(now)]);
      return [...names].flatMap((name) => differences(old[name], now[name], [...path, name]));
    }
  }
  return same(before, after) ? [] : [{ path, before, after }];
}

/** A copy with `value` at `path`; objects that are left empty by taking it away go, too. */
export function withAt(object: unknown, path: Path, value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const members = isObject(object) ? { ...object } : {};
  const inner = withAt(members[name], rest, value);
  const isGone = inner === undefined || (rest.length > 0 && isEmpty(inner));
  if (isGone) delete members[name];
  else members[name] = inner;
  return members;
}

const isEmpty = (value: unknown) => isObject(value) && Object.keys(value).length === 0;

/** What is inside `object` at `path`. */
export function at(object: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), object);
}

/** `postrider.delivery.rate`, as the API names a member. */
export const fieldOf = (path: Path): string => path.join(".");

const isWithin = (inner: Path, outer: Path) => outer.every((name, place) => inner[place] === name);

/**
 * What I have changed of `base` and what they have, in one object; where both have changed the same,
 * it has theirs, and says so.
 */
export function mergeChanges(base: unknown, mine: unknown, theirs: unknown) {
  const changed = differences(base, theirs);
  const conflicts: Conflict[] = [];
  let merged = theirs;
  for (const { path, after } of differences(base, mine)) {
    const rival = changed.some((other) => isWithin(other.path, path) || isWithin(path, other.path));
    if (!rival) merged = withAt(merged, path, after);
    else if (!same(at(theirs, path), after)) {
      conflicts.push({ path, mine: after, theirs: at(theirs, path) });
    }
  }
  return { merged, conflicts };
}

// Reads search parameters of an address: what is not there or makes no sense is left out.

export type Search = Record<string, unknown>;

/** The router reads `?destination=12` as a number; ids are text. */
export function texts<Name extends string>(
  search: Search,
  ...names: Name[]
): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = search[name];
    if (value !== undefined && value !== null && value !== "") found[name] = String(value);
  }
  return found;
}

export function wholes<Name extends string>(
  search: Search,
  ...names: Name[]
): Partial<Record<Name, number>> {
  const found: Partial<Record<Name, number>> = {};
  for (const name of names) {
    const value = search[name];
    if (Number.isSafeInteger(value)) found[name] = value as number;
  }
  return found;
}

/** The parameter `name`, if it is one of `values`. */
export function oneOf<Name extends string, Value extends string>(
  search: Search,
  name: Name,
  values: readonly Value[],
): Partial<Record<Name, Value>> {
  const value = values.find((each) => each === search[name]);
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, Value>>);
}

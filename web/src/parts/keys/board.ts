// The keys that do something now: pages and parts put theirs in while they are on the screen.
export interface Binding {
  /** One key, or two after each other, as in "g l". */
  keys: string;
  /** What it does, as the help says it. */
  words: string;
  run: () => void;
}

/** How long the first key of two waits for the second. */
export const PREFIX_MS = 1_200;

export interface Board {
  add: (binding: Binding) => () => void;
  list: () => readonly Binding[];
  subscribe: (changed: () => void) => () => void;
  /** Takes a pressed key at a time in ms; answers whether it meant something. */
  press: (key: string, at: number) => boolean;
}

export function createBoard(): Board {
  let bindings: readonly Binding[] = [];
  let prefix = { key: "", at: 0 };
  const listeners = new Set<() => void>();
  const set = (next: readonly Binding[]) => {
    bindings = next;
    for (const listener of listeners) listener();
  };
  return {
    add: (binding) => {
      set([...bindings, binding]);
      return () => set(bindings.filter((each) => each !== binding));
    },
    list: () => bindings,
    subscribe: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    press: (key, at) => {
      const waited = at - prefix.at <= PREFIX_MS ? prefix.key : "";
      prefix = { key: "", at: 0 };
      const wanted = waited === "" ? key : `${waited} ${key}`;
      // What came on the screen last is nearest to the reader.
      const found = bindings.findLast((each) => each.keys === wanted);
      if (found) {
        found.run();
        return true;
      }
      if (bindings.some((each) => each.keys.startsWith(`${key} `))) {
        prefix = { key, at };
        return true;
      }
      return false;
    },
  };
}

/** Whether keys are text there, and mean nothing else. */
export function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement) {
    return !["checkbox", "radio", "button", "submit", "range"].includes(target.type);
  }
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

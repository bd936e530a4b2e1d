// Asks the admin API of the same origin for JSON, and turns every failure into one of two errors.

const TIMEOUT_MS = 10_000;

/** An error body as in RFC 9457, with a stable `code`. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  /** What is wrong in the request's body, each with its place. */
  mistakes?: Mistake[];
  /** Where somebody else has changed it meanwhile: how it is now. */
  current?: unknown;
}

export interface Mistake {
  field: string;
  /** The character at which it shows, from 1, where the field is a text with a grammar. */
  column: number | null;
  detail: string;
}

/** The server answered, and said no. */
export class Problem extends Error {
  constructor(readonly body: ProblemBody) {
    super(body.detail || body.title);
    this.name = "Problem";
  }
}

/** No answer came: the server is down, or the way to it is. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super("The server does not answer.", { cause });
    this.name = "Unreachable";
  }
}

function asProblem(status: number, text: string): Problem {
  const fallback: ProblemBody = {
    type: "about:blank",
    title: `The server answered ${status}`,
    status,
    detail: "",
    code: "unknown",
  };
  try {
    const body: unknown = JSON.parse(text);
    return new Problem(
      typeof body === "object" && body ? { ...fallback, ...body, status } : fallback,
    );
  } catch {
    return new Problem(fallback);
  }
}

/** Reads `path` with `query`; fields that are undefined or empty are left out. */
export async function read<T>(
  path: string,
  query: Record<string, string | number | undefined> = {},
  signal?: AbortSignal,
): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  return await ask<T>("GET", search.size > 0 ? `${path}?${search}` : path, { signal });
}

/** Reads `path` as the text it is, without looking into it. */
export async function readText(path: string, signal?: AbortSignal): Promise<string> {
  return await askText("GET", path, { signal, accept: "*/*" });
}

/** Has something done; the answer says what. */
export async function act<T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  return await ask<T>("POST", path, { body, signal });
}

/** Has something done that is told as JSON text, which goes as it is; it may take longer than usual. */
export async function actText<T>(path: string, text: string, limitMs = TIMEOUT_MS): Promise<T> {
  return await ask<T>("POST", path, { text, limitMs });
}

/** Changes something that has versions: refused where it is no more as `version` says. */
export async function change<T>(
  method: "PUT" | "PATCH" | "DELETE",
  path: string,
  { body, version }: { body?: unknown; version?: number | undefined } = {},
): Promise<T> {
  const headers = version === undefined ? {} : { "if-match": `"${version}"` };
  return await ask<T>(method, path, { body, headers });
}

interface Asked {
  accept?: string;
  body?: unknown;
  /** A body that is JSON already. */
  text?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  limitMs?: number;
}

async function ask<T>(method: string, url: string, asked: Asked): Promise<T> {
  const text = await askText(method, url, asked);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

async function askText(method: string, url: string, asked: Asked): Promise<string> {
  const { accept = "application/json", headers, signal, limitMs = TIMEOUT_MS } = asked;
  const body = asked.text ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
  const limit = AbortSignal.timeout(limitMs);
  let status: number;
  let text: string;
  try {
    const answer = await fetch(url, {
      method,
      headers: {
        accept,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    status = answer.status;
    text = await answer.text();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Unreachable(cause);
  }
  if (status < 200 || status > 299) throw asProblem(status, text);
  return text;
}

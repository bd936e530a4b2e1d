// The steps of an attempt, in order and in words; what its duration holds besides is its rest.
import type { Attempt, Phases } from "../api/attempts";
import { durationUs } from "./format";

export interface Part {
  /** Which step, for its tone. */
  step: "dns" | "connect" | "tls" | "first_byte" | "rest";
  word: string;
  us: number;
}

const STEPS: [keyof Phases, Part["step"], string][] = [
  ["resolve_us", "dns", "DNS"],
  ["connect_us", "connect", "connect"],
  ["tls_us", "tls", "TLS"],
  ["first_byte_us", "first_byte", "first byte"],
];

/** Nothing where the attempt has no steps: then its duration says all. */
export function parts({ phases, duration_us }: Pick<Attempt, "phases" | "duration_us">): Part[] {
  const steps = STEPS.flatMap(([name, step, word]) => {
    const us = phases[name];
    return us === null ? [] : [{ step, word, us }];
  });
  const rest = duration_us - steps.reduce((sum, { us }) => sum + us, 0);
  if (steps.length > 0 && rest > 0) steps.push({ step: "rest", word: "rest", us: rest });
  return steps;
}

/** `DNS 1.2 ms, connect 3.4 ms, first byte 80 ms`; says so where the connection was there already. */
export function sentence(attempt: Pick<Attempt, "phases" | "duration_us">): string {
  const words = parts(attempt).map(({ word, us }) => `${word} ${durationUs(us)}`);
  const { connect_us, first_byte_us } = attempt.phases;
  if (connect_us === null && first_byte_us !== null) words.unshift("on a kept connection");
  return words.join(", ");
}

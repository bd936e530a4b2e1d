// The ready curl line that sends a first event to a source.

/** Quotes a word for POSIX shells. */
export function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

export function curlLine(gatewayUrl: string, writeKey: string): string {
  const event = `{"userId":"u-1","event":"Order Completed","properties":{"total":42.5}}`;
  const url = `${gatewayUrl.replace(/\/+$/, "")}/v1/track`;
  return [
    `curl -i ${shellQuoted(url)} \\`,
    `  -u ${shellQuoted(`${writeKey}:`)} \\`,
    `  -H 'content-type: application/json' \\`,
    `  -d ${shellQuoted(event)}`,
  ].join("\n");
}

// Copies the API call behind a page as a curl line, for scripts and colleagues.
import { useQuery } from "@tanstack/react-query";
import { meQuery } from "../api/me";
import { Copy } from "./Copy";
import { shellQuoted } from "./curl";

/** The token is not in it: whoever runs it has one in the environment. */
export function apiCurl(origin: string, path: string, needsToken: boolean): string {
  const token = needsToken ? ` -H "Authorization: Bearer $POSTRIDER_TOKEN"` : "";
  return `curl -s${token} ${shellQuoted(origin + path)}`;
}

export function CopyCurl({ path }: { path: string }) {
  const { data: me } = useQuery(meQuery());
  const needsToken = me !== undefined && me.auth !== "off";
  return (
    <Copy
      what="API call as curl"
      text={() => apiCurl(location.origin, path, needsToken)}
      caption="API as curl"
    />
  );
}

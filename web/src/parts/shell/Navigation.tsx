// The navigation: one link per page, with how many issues are open, and its keys.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { issuesQuery } from "../../api/issues";
import { useKey } from "../keys/useKey";
import { PAGES, type Page } from "./pages";

function OpenIssues() {
  const { data: open } = useQuery(issuesQuery({ state: "open" }));
  const count = open?.length ?? 0;
  if (count === 0) return null;
  return (
    <span className="badge">
      {count}
      <span className="offscreen"> open</span>
    </span>
  );
}

function PageLink({ page: { to, word, key } }: { page: Page }) {
  const navigate = useNavigate();
  useKey(`g ${key}`, `Go to ${word}`, () => void navigate({ to }));
  return (
    <Link to={to} activeOptions={{ exact: to === "/", includeSearch: false }}>
      {word}
      {to === "/issues" && <OpenIssues />}
    </Link>
  );
}

export function Navigation() {
  return (
    <nav aria-label="Main">
      {PAGES.map((page) => (
        <PageLink key={page.to} page={page} />
      ))}
    </nav>
  );
}

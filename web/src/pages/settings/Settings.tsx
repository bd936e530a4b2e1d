// Settings: who may come in and has, what everybody did, what is stored, the configuration as a file, and
// what runs here.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect } from "react";
import { meQuery } from "../../api/me";
import { PageTabs } from "../../parts/PageTabs";
import { About } from "./About";
import { Audit } from "./Audit";
import { ConfigAsCode } from "./ConfigAsCode";
import type { Tab } from "./routes";
import { Sessions } from "./Sessions";
import { StorageTab } from "./StorageTab";
import { Tokens } from "./Tokens";
import { Users } from "./Users";

const route = getRouteApi("/settings");

const TAB_LIST: readonly { value: Tab; label: string }[] = [
  { value: "users", label: "Users" },
  { value: "tokens", label: "API tokens" },
  { value: "sessions", label: "Your sessions" },
  { value: "audit", label: "Audit log" },
  { value: "storage", label: "Storage" },
  { value: "config", label: "Config as code" },
  { value: "about", label: "About" },
];

const TABS: Record<Tab, () => React.ReactNode> = {
  users: () => <Users />,
  tokens: () => <Tokens />,
  sessions: () => <Sessions />,
  audit: () => <Audit />,
  storage: () => <StorageTab />,
  config: () => <ConfigAsCode />,
  about: () => <About />,
};

export function Settings() {
  const { data: me } = useQuery(meQuery());
  const first = me && !me.rights.includes("admin") ? "sessions" : "users";
  const { tab = first } = route.useSearch();
  const navigate = route.useNavigate();
  useEffect(() => {
    document.title = "Settings · Postrider";
  }, []);
  return (
    <div className="page">
      <h1>Settings</h1>
      <PageTabs
        label="Parts of the settings"
        tabs={TAB_LIST}
        value={tab}
        onChange={(next) => void navigate({ search: { tab: next }, resetScroll: false })}
      >
        {TABS[tab]()}
      </PageTabs>
    </div>
  );
}

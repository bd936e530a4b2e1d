// Settings: who may come in, what everybody did, the configuration as a file, and what runs here.
import { getRouteApi } from "@tanstack/react-router";
import { useEffect } from "react";
import { PageTabs } from "../../parts/PageTabs";
import { About } from "./About";
import { Audit } from "./Audit";
import { ConfigAsCode } from "./ConfigAsCode";
import type { Tab } from "./routes";
import { Tokens } from "./Tokens";
import { Users } from "./Users";

const route = getRouteApi("/settings");

const TAB_LIST: readonly { value: Tab; label: string }[] = [
  { value: "users", label: "Users" },
  { value: "tokens", label: "API tokens" },
  { value: "audit", label: "Audit log" },
  { value: "config", label: "Config as code" },
  { value: "about", label: "About" },
];

const TABS: Record<Tab, () => React.ReactNode> = {
  users: () => <Users />,
  tokens: () => <Tokens />,
  audit: () => <Audit />,
  config: () => <ConfigAsCode />,
  about: () => <About />,
};

export function Settings() {
  const { tab = "users" } = route.useSearch();
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

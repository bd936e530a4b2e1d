// The tabs of a page; which one is open is in the address.
import { Tabs } from "@mantine/core";
import type { ReactNode } from "react";

interface Props<V extends string> {
  label: string;
  tabs: readonly { value: V; label: string }[];
  value: V;
  onChange: (value: V) => void;
  /** What the open tab shows. */
  children: ReactNode;
}

export function PageTabs<V extends string>({ label, tabs, value, onChange, children }: Props<V>) {
  return (
    <Tabs
      className="page-tabs"
      value={value}
      onChange={(next) => next !== null && onChange(next as V)}
      keepMounted={false}
    >
      <Tabs.List aria-label={label}>
        {tabs.map((tab) => (
          <Tabs.Tab key={tab.value} value={tab.value}>
            {tab.label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={value} className="page-tab">
        {children}
      </Tabs.Panel>
    </Tabs>
  );
}

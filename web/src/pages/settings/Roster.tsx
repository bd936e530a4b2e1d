// The frame of the tables of those who may come in: what was asked for, in rows, or why there are none.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Right } from "../../api/me";
import { Asked } from "../../parts/Asked";
import { Nothing, Panel, Scroll } from "../../parts/Panel";

interface Props<T> {
  title: string;
  /** What is asked for, as a noun: "the users". */
  what: string;
  right: Right;
  query: Pick<UseQueryResult<T[]>, "data" | "error" | "refetch">;
  heads: readonly string[];
  aside?: ReactNode;
  /** What stands there while there is none: its title, and what to do about it. */
  none: { title: string; words: ReactNode };
  /** The row of one. */
  children: (one: T) => ReactNode;
}

export function Roster<T>({ title, what, right, query, heads, aside, none, children }: Props<T>) {
  return (
    <Panel title={title} aside={aside}>
      <Asked query={query} what={what} right={right}>
        {(all) =>
          all.length === 0 ? (
            <Nothing title={none.title}>
              <p>{none.words}</p>
            </Nothing>
          ) : (
            <Scroll label={`${title} table`}>
              <table>
                <thead>
                  <tr>
                    {heads.map((head) => (
                      <th scope="col" key={head}>
                        {head}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>{all.map(children)}</tbody>
              </table>
            </Scroll>
          )
        }
      </Asked>
    </Panel>
  );
}

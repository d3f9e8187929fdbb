import { Alert, Button, NativeSelect, SegmentedControl, Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { RefObject } from "react";

import { carOf, lapse, shortWhen } from "../format";
import { useNow } from "../hooks";
import { type Filter, isLate, isTab, type Tab, waitingSince } from "../inbox";
import type { useInbox } from "../queries";
import type { InboxSearch } from "../router";
import type { Me, Place, Row } from "../types";
import { authorName, errorText, readable } from "../words";
import { SearchBox } from "./SearchBox";

const TAB_NAMES: Record<Tab, string> = { waiting: "Waiting", mine: "Mine", assistant: "Assistant", all: "All" };

const EMPTY: Record<Tab, { title: string; hint: string }> = {
  waiting: { title: "Nobody waits", hint: "Customers who ask for a person, or whom nobody answered, appear here at once." },
  mine: { title: "You answer nobody at the moment", hint: "Open a conversation under Waiting and take it over." },
  assistant: { title: "The assistant talks to nobody", hint: "New leads appear here as soon as they come in." },
  all: { title: "No conversations yet", hint: "A conversation begins with each new lead." },
};

interface Props {
  me: Me;
  filter: Filter;
  onFilter: (search: InboxSearch) => void;
  rows: Row[];
  inbox: ReturnType<typeof useInbox>;
  places: Place[];
  openId: string | undefined;
  searchBox: RefObject<HTMLInputElement | null>;
}

export function ConversationList({ me, filter, onFilter, rows, inbox, places, openId, searchBox }: Props) {
  return (
    <>
      <div className="filters">
        <SegmentedControl
          aria-label="Which conversations"
          fullWidth
          size="sm"
          data={Object.entries(TAB_NAMES).map(([value, label]) => ({ value, label }))}
          value={filter.tab}
          onChange={(tab) => isTab(tab) && onFilter({ ...filter, tab })}
        />
        <div className="filter-row">
          <SearchBox
            label="Search by name, phone, car or words"
            value={filter.q ?? ""}
            onChange={(q) => onFilter({ ...filter, q })}
            box={searchBox}
          />
          {places.length > 1 && (
            <NativeSelect
              aria-label="Location"
              size="md"
              value={filter.location ?? ""}
              onChange={(event) => onFilter({ ...filter, location: event.currentTarget.value })}
              data={[
                { value: "", label: "All locations" },
                ...places.map(({ code, name }) => ({ value: code, label: name })),
              ]}
            />
          )}
        </div>
      </div>
      <div className="pane-scroll" tabIndex={-1}>
        {inbox.isError && (
          <Alert color="red" role="alert" m="sm">
            <p>{errorText(inbox.error)}</p>
            <Button mt="xs" variant="light" color="red" onClick={() => void inbox.refetch()} loading={inbox.isFetching}>
              Try again
            </Button>
          </Alert>
        )}
        {inbox.isPending && <Skeletons />}
        {inbox.isSuccess && rows.length === 0 && <Nothing filter={filter} onFilter={onFilter} />}
        <ul aria-label="Conversations">
          {rows.map((row) => (
            <li key={row.id}>
              <RowLink row={row} me={me} filter={filter} isOpen={row.id === openId} hasPlaces={places.length > 1} />
            </li>
          ))}
        </ul>
        {inbox.hasNextPage && (
          <div className="more">
            <Button
              variant="light"
              size="md"
              loading={inbox.isFetchingNextPage}
              onClick={() => void inbox.fetchNextPage()}
            >
              Load earlier
            </Button>
          </div>
        )}
      </div>
    </>
  );
}

export function Skeletons() {
  return (
    <div className="filters" role="status" aria-label="Loading">
      {[1, 2, 3, 4].map((one) => (
        <Skeleton key={one} height={62} animate={false} />
      ))}
    </div>
  );
}

function Nothing({ filter, onFilter }: Pick<Props, "filter" | "onFilter">) {
  const { q: _q, ...withoutSearch } = filter;
  if (filter.q) {
    return (
      <div className="empty">
        <h2>Nobody found for “{filter.q}”</h2>
        <p>Names, phone numbers, cars and what customer and shop wrote are searched, in this tab only.</p>
        <Button variant="light" size="md" onClick={() => onFilter({ ...filter, tab: "all" })} disabled={filter.tab === "all"}>
          Search in all
        </Button>
        <Button variant="subtle" size="md" onClick={() => onFilter(withoutSearch)}>
          Clear the search
        </Button>
      </div>
    );
  }
  const { title, hint } = EMPTY[filter.tab];
  return (
    <div className="empty">
      <h2>{title}</h2>
      <p>{hint}</p>
      {filter.tab === "mine" && (
        <Button variant="light" size="md" onClick={() => onFilter({ ...filter, tab: "waiting" })}>
          Show who waits
        </Button>
      )}
      {(filter.tab === "waiting" || filter.tab === "assistant") && (
        <Button variant="light" size="md" onClick={() => onFilter({ ...filter, tab: "all" })}>
          Show all conversations
        </Button>
      )}
    </div>
  );
}

interface RowProps {
  row: Row;
  me: Me;
  filter: Filter;
  isOpen: boolean;
  hasPlaces: boolean;
}

function RowLink({ row, me, filter, isOpen, hasPlaces }: RowProps) {
  const { lead, location, handoff, last_message: last } = row;
  const now = useNow(5_000);
  const isUnread = row.unread && !isOpen;
  const others = row.present.filter((one) => one.staff_id !== me.id);
  return (
    <Link
      to="/inbox/$id"
      params={{ id: row.id }}
      search={filter}
      className={isUnread ? "row row-unread" : "row"}
      aria-current={isOpen ? "page" : undefined}
      activeProps={{}}
    >
      <span className="row-top">
        <span className="row-name">{lead.name || "No name"}</span>
        {isUnread && <span className="visually-hidden">, unread</span>}
        {row.last_at && <span className="row-when">{shortWhen(row.last_at, location.timezone, now)}</span>}
      </span>
      {last && (
        <span className="row-last">
          {last.author === "customer" ? "" : `${authorName(last.author)}: `}
          {last.text}
        </span>
      )}
      <span className="marks">
        <WaitingMark row={row} now={now} />
        {handoff && !handoff.taken_at && <span className="mark">{readable(handoff.reason)}</span>}
        {handoff?.call_back && <span className="mark">Call back</span>}
        {row.owner === "human" && (
          <span className="mark">{handoff?.taken_by === me.id ? "You answer" : `${handoff?.taken_by_name ?? "The shop"} answers`}</span>
        )}
        {others.length > 0 && (
          <span className="mark mark-here">
            {others.map((one) => one.name).join(", ")} {others.some((one) => one.writing) ? "writes" : "looks at it"}
          </span>
        )}
        {row.appointment?.status === "booked" && <span className="mark">Booked</span>}
        {lead.vehicle && <span className="mark">{carOf(lead.vehicle)}</span>}
        {hasPlaces && <span className="mark">{location.name}</span>}
      </span>
    </Link>
  );
}

function WaitingMark({ row, now }: { row: Row; now: Date }) {
  const since = waitingSince(row);
  if (!since) return null;
  const late = isLate(row, now);
  return (
    <span className={late ? "mark mark-waiting mark-late" : "mark mark-waiting"}>
      Waits {lapse(since, now)}
      {late && ", too long"}
    </span>
  );
}

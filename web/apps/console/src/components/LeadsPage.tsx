import { Alert, Button, NativeSelect, TextInput } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";

import { api } from "../api";
import { carOf, moment, phoneText } from "../format";
import { type LeadsSearch, leadsQuery, leadsSearch, SOURCES, STATUSES } from "../leads";
import { useLeads, useLocations, useMe } from "../queries";
import type { Lead, Me } from "../types";
import { errorText, readable, sourceName } from "../words";
import { Skeletons } from "./ConversationList";
import { SearchBox } from "./SearchBox";
import { TopBar } from "./TopBar";

export function LeadsPage() {
  const { data: me } = useMe();
  return me ? <Leads me={me} /> : null;
}

function Leads({ me }: { me: Me }) {
  const search = useSearch({ from: "/leads" });
  const navigate = useNavigate();
  const leads = useLeads(search);
  const rows = leads.data?.pages.flat() ?? [];
  const onFilter = (changed: Record<string, string>) =>
    void navigate({ to: "/leads", search: leadsSearch({ ...search, ...changed }), replace: true });
  return (
    <div className="console">
      <TopBar me={me} title="Leads" />
      <main className="page">
        <Filters search={search} onFilter={onFilter} />
        {leads.isError && (
          <Alert color="red" role="alert" m="sm">
            <p>{errorText(leads.error)}</p>
            <Button mt="xs" variant="light" color="red" onClick={() => void leads.refetch()} loading={leads.isFetching}>
              Try again
            </Button>
          </Alert>
        )}
        {leads.isPending && <Skeletons />}
        {leads.isSuccess && rows.length === 0 && <Nothing search={search} onAll={() => void navigate({ to: "/leads" })} />}
        <ul aria-label="Leads">
          {rows.map((lead) => (
            <li key={lead.id}>
              <LeadLink lead={lead} />
            </li>
          ))}
        </ul>
        {leads.hasNextPage && (
          <div className="more">
            <Button variant="light" size="md" loading={leads.isFetchingNextPage} onClick={() => void leads.fetchNextPage()}>
              Load earlier
            </Button>
          </div>
        )}
      </main>
    </div>
  );
}

function Filters({ search, onFilter }: { search: LeadsSearch; onFilter: (changed: Record<string, string>) => void }) {
  const places = useLocations().data ?? [];
  return (
    <div className="filters lead-filters" role="search">
      <SearchBox label="Search by name, phone, email or car" value={search.q ?? ""} onChange={(q) => onFilter({ q })} />
      <NativeSelect
        aria-label="Status"
        size="md"
        value={search.status ?? ""}
        onChange={(event) => onFilter({ status: event.currentTarget.value })}
        data={[{ value: "", label: "Any status" }, ...STATUSES.map((value) => ({ value, label: readable(value) }))]}
      />
      <NativeSelect
        aria-label="Source"
        size="md"
        value={search.source ?? ""}
        onChange={(event) => onFilter({ source: event.currentTarget.value })}
        data={[{ value: "", label: "Any source" }, ...SOURCES.map((value) => ({ value, label: sourceName(value) }))]}
      />
      {places.length > 1 && (
        <NativeSelect
          aria-label="Location"
          size="md"
          value={search.location ?? ""}
          onChange={(event) => onFilter({ location: event.currentTarget.value })}
          data={[{ value: "", label: "All locations" }, ...places.map(({ code, name }) => ({ value: code, label: name }))]}
        />
      )}
      <TextInput
        type="date"
        label="Received from"
        size="md"
        value={search.from ?? ""}
        onChange={(event) => onFilter({ from: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label="Received until"
        size="md"
        value={search.to ?? ""}
        onChange={(event) => onFilter({ to: event.currentTarget.value })}
      />
      <Button component="a" variant="default" size="md" href={api.leadsFile(leadsQuery(search))} download>
        Export CSV
      </Button>
    </div>
  );
}

function Nothing({ search, onAll }: { search: LeadsSearch; onAll: () => void }) {
  if (Object.keys(search).length === 0) {
    return (
      <div className="empty">
        <h2>No leads yet</h2>
        <p>Each lead of the website or of ShopMonkey appears here as soon as it comes in.</p>
      </div>
    );
  }
  return (
    <div className="empty">
      <h2>No lead fits</h2>
      <p>Names, phone numbers, email addresses and cars are searched, with all filters above.</p>
      <Button variant="light" size="md" onClick={onAll}>
        Show all leads
      </Button>
    </div>
  );
}

function LeadLink({ lead }: { lead: Lead }) {
  const { id, name, phone, email, vehicle, interest, source, location, status, received_at } = lead;
  return (
    <Link to="/leads/$id" params={{ id }} className="row lead-row">
      <span className="row-name">{name || "No name"}</span>
      <span className="dimmed small">{[phone && phoneText(phone), email].filter(Boolean).join(" · ")}</span>
      <span className="small">{[carOf(vehicle), interest].filter(Boolean).join(", ")}</span>
      <span className="marks">
        <span className="mark">{readable(status)}</span>
        <span className="mark">{sourceName(source)}</span>
        <span className="mark">{location.name}</span>
      </span>
      <time className="row-when" dateTime={received_at}>
        {moment(received_at, location.timezone)}
      </time>
    </Link>
  );
}

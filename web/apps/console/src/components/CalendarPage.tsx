import { Alert, Button, NativeSelect, SegmentedControl, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import {
  addDays,
  briefDay,
  type CalendarDays,
  type CalendarSearch,
  calendarSearch,
  daysShown,
  type Entry,
  hoursText,
  longDay,
  today,
} from "../calendar";
import { zoneName } from "../format";
import { useKeys } from "../hooks";
import { CALENDAR_KEYS, type CalendarKey } from "../keys";
import { useCalendar, useLocations, useMe } from "../queries";
import type { Me, Place } from "../types";
import { errorText } from "../words";
import { BookDialog } from "./BookDialog";
import { DayGrid, DayList, WeekTable } from "./CalendarViews";
import { Skeletons } from "./ConversationList";
import { EntryDialog } from "./EntryDialog";
import { KeysDialog } from "./KeysDialog";
import { TopBar } from "./TopBar";

const KEYS_OFF = "console.keys-off";
const OTHER_KEYS: [string, string][] = [
  ["Arrows", "To the entry above, below, or beside"],
  ["Enter", "Open the entry"],
  ["Esc", "Close what is open"],
];

export function CalendarPage() {
  const { data: me } = useMe();
  return me ? <Calendar me={me} /> : null;
}

type Shown = { kind: "book" } | { kind: "entry"; entry: Entry } | { kind: "keys" } | null;

function Calendar({ me }: { me: Me }) {
  const search = useSearch({ from: "/calendar" });
  const navigate = useNavigate();
  const places = useLocations();
  const code = search.location ?? places.data?.[0]?.code;
  const calendar = useCalendar(code, search);
  const [shown, setShown] = useState<Shown>(null);
  const [keysOn, setKeysOn] = useState(() => localStorage.getItem(KEYS_OFF) === null);
  const mayAct = me.role !== "read_only";
  const { first, days } = daysShown(search, today(new Date()));

  const onSearch = (changed: Record<string, string | undefined>) =>
    void navigate({ to: "/calendar", search: calendarSearch({ ...search, ...changed }), replace: true });
  const onKey = (key: CalendarKey) => {
    if (key === "earlier") onSearch({ day: addDays(first, -days) });
    if (key === "later") onSearch({ day: addDays(first, days) });
    if (key === "today") onSearch({ day: undefined });
    if (key === "day" || key === "week") onSearch({ view: key });
    if (key === "book" && mayAct && calendar.data) setShown({ kind: "book" });
    if (key === "help") setShown({ kind: "keys" });
  };
  useKeys(CALENDAR_KEYS, keysOn && shown === null, onKey);
  const onEnable = (enabled: boolean) => {
    setKeysOn(enabled);
    if (enabled) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "1");
  };
  const close = () => setShown(null);
  return (
    <div className="console">
      <TopBar me={me} title="Calendar" onHelp={() => setShown({ kind: "keys" })} />
      <main className="page calendar">
        <Controls
          search={search}
          onSearch={onSearch}
          onKey={onKey}
          places={places.data ?? []}
          hasTechnicians={(calendar.data?.technicians.length ?? 0) > 0}
          onBook={mayAct && calendar.data ? () => setShown({ kind: "book" }) : undefined}
        />
        {(calendar.isError || places.isError) && (
          <Alert color="red" role="alert" m="sm">
            <p>{errorText(calendar.error ?? places.error)}</p>
            <Button mt="xs" variant="light" color="red" onClick={() => void calendar.refetch()} loading={calendar.isFetching}>
              Try again
            </Button>
          </Alert>
        )}
        {calendar.isPending && !calendar.isError && !places.isError && <Skeletons />}
        {calendar.data && (
          <Days calendar={calendar.data} search={search} onOpen={(entry) => setShown({ kind: "entry", entry })} mayAct={mayAct} />
        )}
      </main>
      {shown?.kind === "book" && calendar.data && <BookDialog calendar={calendar.data} first={first} onClose={close} />}
      {shown?.kind === "entry" && calendar.data && (
        <EntryDialog entry={shown.entry} calendar={calendar.data} mayAct={mayAct} onClose={close} />
      )}
      <KeysDialog
        opened={shown?.kind === "keys"}
        onClose={close}
        enabled={keysOn}
        onEnable={onEnable}
        keys={CALENDAR_KEYS}
        others={OTHER_KEYS}
      />
    </div>
  );
}

interface ControlsProps {
  search: CalendarSearch;
  onSearch: (changed: Record<string, string | undefined>) => void;
  onKey: (key: CalendarKey) => void;
  places: Place[];
  hasTechnicians: boolean;
  onBook: (() => void) | undefined;
}

function Controls({ search, onSearch, onKey, places, hasTechnicians, onBook }: ControlsProps) {
  const { first, days } = daysShown(search, today(new Date()));
  const what = days === 1 ? "day" : "week";
  return (
    <div className="filters calendar-controls">
      <h2>{days === 1 ? longDay(first) : `${briefDay(first)} – ${briefDay(addDays(first, days - 1))}`}</h2>
      <div className="calendar-steps">
        <Button variant="default" size="md" aria-label={`The ${what} before`} onClick={() => onKey("earlier")}>
          ‹
        </Button>
        <Button variant="default" size="md" onClick={() => onKey("today")}>
          Today
        </Button>
        <Button variant="default" size="md" aria-label={`The ${what} after`} onClick={() => onKey("later")}>
          ›
        </Button>
        <TextInput
          type="date"
          aria-label="Go to day"
          size="md"
          value={search.day ?? today(new Date())}
          onChange={(event) => event.currentTarget.value && onSearch({ day: event.currentTarget.value })}
        />
      </div>
      <SegmentedControl
        aria-label="Show"
        size="md"
        value={search.view ?? "day"}
        onChange={(view) => onSearch({ view })}
        data={[
          { value: "day", label: "Day" },
          { value: "week", label: "Week" },
        ]}
      />
      {hasTechnicians && (
        <SegmentedControl
          aria-label="Columns"
          size="md"
          value={search.by ?? "bay"}
          onChange={(by) => onSearch({ by })}
          data={[
            { value: "bay", label: "Bays" },
            { value: "technician", label: "Technicians" },
          ]}
        />
      )}
      {places.length > 1 && (
        <NativeSelect
          aria-label="Location"
          size="md"
          value={search.location ?? places[0]?.code ?? ""}
          onChange={(event) => onSearch({ location: event.currentTarget.value })}
          data={places.map(({ code, name }) => ({ value: code, label: name }))}
        />
      )}
      {onBook && (
        <Button size="md" onClick={onBook}>
          Book
        </Button>
      )}
    </div>
  );
}

interface DaysProps {
  calendar: CalendarDays;
  search: CalendarSearch;
  mayAct: boolean;
  onOpen: (entry: Entry) => void;
}

function Days({ calendar, search, mayAct, onOpen }: DaysProps) {
  const isPhone = useMediaQuery("(width < 820px)");
  const by = search.by === "technician" && calendar.technicians.length > 0 ? "technician" : "bay";
  const [day] = calendar.days;
  const zone = zoneName(calendar.now, calendar.timezone);
  if (!day) {
    return (
      <Empty title="The hours of this shop are not known">
        Ask whoever runs the system to set hours and bays; until then nothing can be booked here.
      </Empty>
    );
  }
  const views = { calendar, by, onOpen } as const;
  return (
    <>
      <p className="calendar-hours small">
        {calendar.location.name} · times in {zone}
        {calendar.days.length === 1 && ` · ${hoursText(day)}`}
      </p>
      {calendar.entries.length === 0 && (
        <p className="calendar-hours" role="status">
          Nothing stands here.{" "}
          {day.spans.length === 0 && calendar.days.length === 1
            ? "The shop is closed: choose another day."
            : mayAct
              ? "Press Book to put a customer in."
              : "Bookings appear as they are made."}
        </p>
      )}
      {isPhone ? (
        <DayList {...views} />
      ) : calendar.days.length === 1 ? (
        <DayGrid {...views} mayAct={mayAct} />
      ) : (
        <WeekTable {...views} />
      )}
    </>
  );
}

function Empty({ title, children }: { title: string; children: string }) {
  return (
    <div className="empty">
      <h3>{title}</h3>
      <p>{children}</p>
    </div>
  );
}

import { Button } from "@mantine/core";
import { Fragment, useLayoutEffect, useRef } from "react";

import { clock, dayKey, dayTitle } from "../format";
import { useNow } from "../hooks";
import type { Entry } from "../thread";
import type { Message, Row } from "../types";
import { authorName, CHANNELS } from "../words";
import { MessagePart } from "./MessagePart";

const NEAR_END_PX = 80;

interface Props {
  entries: Entry[];
  row: Row;
  hasEarlier: boolean;
  isLoadingEarlier: boolean;
  onEarlier: () => void;
}

export function Thread({ entries, row, hasEarlier, isLoadingEarlier, onEarlier }: Props) {
  const zone = row.location.timezone;
  const now = useNow(60_000);
  const frame = useKeptScroll(entries);
  return (
    <div className="pane-scroll" ref={frame} tabIndex={0} role="region" aria-label="Messages">
      {hasEarlier && (
        <div className="more">
          <Button variant="light" size="md" loading={isLoadingEarlier} onClick={onEarlier}>
            Load earlier
          </Button>
        </div>
      )}
      {entries.length === 0 && (
        <div className="empty">
          <h2>Nobody wrote anything yet</h2>
          <p>Write the first message below.</p>
        </div>
      )}
      <ol className="log" aria-live="polite" aria-relevant="additions">
        {entries.map((entry, index) => {
          const before = entries[index - 1];
          const isNewDay = !before || dayKey(before.at, zone) !== dayKey(entry.at, zone);
          const id = entry.kind === "message" ? entry.message.id : entry.note.id;
          return (
            <Fragment key={id}>
              {isNewDay && <li className="day">{dayTitle(entry.at, zone, now)}</li>}
              <EntryItem entry={entry} row={row} isLast={index === entries.length - 1} />
            </Fragment>
          );
        })}
      </ol>
    </div>
  );
}

function EntryItem({ entry, row, isLast }: { entry: Entry; row: Row; isLast: boolean }) {
  const zone = row.location.timezone;
  if (entry.kind === "note") {
    const { author_name, text } = entry.note;
    return (
      <li className="entry entry-note">
        <p className="entry-head">
          <strong>{author_name}</strong> <span>Note, for the shop only</span>
          <time dateTime={entry.at}>{clock(entry.at, zone)}</time>
        </p>
        <p className="bubble">{text}</p>
      </li>
    );
  }
  const { message } = entry;
  if (message.author === "system") {
    return (
      <li className="entry entry-system">
        {message.text} · {clock(entry.at, zone)}
      </li>
    );
  }
  return (
    <li className={`entry entry-${message.author}`}>
      <p className="entry-head">
        <strong>{nameOf(message, row)}</strong>
        <span>{CHANNELS[message.channel]}</span>
        <time dateTime={entry.at}>{clock(entry.at, zone)}</time>
      </p>
      {message.text && <p className="bubble">{message.text}</p>}
      {/* Buttons above newer words cannot be pressed any more. */}
      {message.parts?.map(
        (part, index) => (isLast || part.kind !== "actions") && <MessagePart key={index} part={part} zone={zone} />,
      )}
    </li>
  );
}

const nameOf = ({ author, author_name }: Message, row: Row): string =>
  author === "customer" ? row.lead.name || "Customer" : authorName(author, author_name);

/** At the end as long as the reader is there; where they were, when earlier messages come in above. */
function useKeptScroll(entries: Entry[]) {
  const frame = useRef<HTMLDivElement>(null);
  const known = useRef({ first: "", height: 0, isAtEnd: true });
  const first = entries[0]?.at ?? "";
  useLayoutEffect(() => {
    const box = frame.current;
    if (!box) return;
    const before = known.current;
    if (before.isAtEnd) box.scrollTop = box.scrollHeight;
    else if (before.first && before.first !== first) box.scrollTop += box.scrollHeight - before.height;
    known.current = { first, height: box.scrollHeight, isAtEnd: before.isAtEnd };
  }, [entries, first]);
  useLayoutEffect(() => {
    const box = frame.current;
    if (!box) return;
    const toEnd = () => {
      known.current.isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX;
    };
    // The box shrinks when a keyboard or the notice above it opens.
    const resized = new ResizeObserver(() => {
      if (known.current.isAtEnd) box.scrollTop = box.scrollHeight;
    });
    resized.observe(box);
    box.addEventListener("scroll", toEnd, { passive: true });
    return () => {
      resized.disconnect();
      box.removeEventListener("scroll", toEnd);
    };
  }, []);
  return frame;
}

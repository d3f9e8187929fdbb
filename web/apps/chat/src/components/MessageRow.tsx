import { memo } from "react";

import { clock } from "../format";
import type { Job } from "../api";
import type { Action, Appointment, Location, Message, OpenTimes, Part } from "../types";
import { MessagePart } from "./MessagePart";
import { RichText } from "./RichText";
import { speaker } from "./speaker";

interface Props {
  message: Message;
  /** The first of a group says who speaks. */
  first: boolean;
  shop: Location;
  appointment: Appointment | null;
  /** The buttons of the moment. */
  actions: Action[];
  slotsOpen: boolean;
  /** The appointment is being moved. */
  moving: boolean;
  timesOf: (job: Job) => Promise<OpenTimes>;
  latest: boolean;
  onAction: (action: string, label: string) => void;
}

function Row({ message, first, shop, appointment, actions, slotsOpen, moving, timesOf, latest, onAction }: Props) {
  const { author, text, parts, created_at } = message;
  if (author === "system") {
    return (
      <p className="system-line">
        <RichText text={text} />
      </p>
    );
  }
  return (
    <article className={`row row-${author}${first ? " row-first" : ""}`}>
      {first && (
        <p className="speaker">
          <span className={author === "customer" ? "visually-hidden" : ""}>{message.author_name ?? speaker(author)}</span>
          <time dateTime={created_at}>{clock(created_at, shop.timezone)}</time>
        </p>
      )}
      {text && (
        <div className="bubble">
          <RichText text={text} />
        </div>
      )}
      {parts?.filter(isNotOnTheCard(parts)).map((part, index) => (
        <MessagePart
          key={index}
          part={part}
          shop={shop}
          appointment={appointment}
          actions={actions}
          slotsOpen={slotsOpen}
          moving={moving}
          timesOf={timesOf}
          latest={latest}
          onAction={onAction}
        />
      ))}
    </article>
  );
}

/** A card of tiers has the buttons of its services itself. */
const isNotOnTheCard =
  (parts: Part[]) =>
  (part: Part): boolean =>
    part.kind !== "actions" || !parts.some(({ kind }) => kind === "tiers");

/** Remembered, so that an answer that streams in does not redraw the whole conversation. */
export const MessageRow = memo(Row);

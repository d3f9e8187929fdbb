import { useEffect, useState } from "react";

import type { BookingApi } from "../api";
import { directionsUrl, isCancelled, longDay, money, phoneUrl, serviceName, timeSpan, zoneName } from "../format";
import type { ManagedAppointment, ManageView } from "../types";
import { CalendarDownload } from "./CalendarDownload";
import { CancelDialog } from "./CancelDialog";
import { PhoneIcon, PinIcon } from "./icons";

interface Props {
  view: ManageView;
  api: BookingApi;
  onCancelled: (answer: Partial<ManagedAppointment>) => void;
}

export function ManageCard({ view, api, onCancelled }: Props) {
  const { appointment, chat_url } = view;
  const { start, end, timezone, location, number, status } = appointment;
  const [asking, setAsking] = useState(false);
  const cancelled = isCancelled(status);
  const past = !cancelled && Date.parse(end) < Date.now();

  useEffect(() => {
    document.title = `Your appointment – ${location.name}`;
  }, [location.name]);

  return (
    <main className="manage">
      <header className="manage-shop">
        <span className="avatar" aria-hidden="true">
          {location.name.trim().charAt(0).toUpperCase()}
        </span>
        <p>{location.name}</p>
      </header>
      <section className={`manage-card${cancelled ? " appointment-cancelled" : ""}`}>
        <p className="appointment-head" role="status">
          <span className="tag">{cancelled ? "Cancelled" : past ? "Past" : "Booked"}</span>
          <span className="appointment-number">No. {number}</span>
        </p>
        <h1 className="manage-day">{longDay(start, timezone)}</h1>
        <p className="manage-time">{timeSpan(start, end, timezone)}</p>
        <p className="card-note">{zoneName(start, timezone, "long")}</p>
        <Facts appointment={appointment} />
        {cancelled && <p className="manage-message">This appointment is cancelled and the time is free again.</p>}
        {!cancelled && !past && (
          <div className="card-buttons">
            <CalendarDownload api={api} appointment={appointment} />
            <a className="button" href={directionsUrl(location)} target="_blank" rel="noopener noreferrer">
              <PinIcon /> Directions
            </a>
            {location.phone && (
              <a className="button" href={phoneUrl(location.phone)}>
                <PhoneIcon /> Call
              </a>
            )}
          </div>
        )}
      </section>
      <NextSteps chatUrl={chat_url ?? null} open={!cancelled && !past} onCancel={() => setAsking(true)} />
      {asking && (
        <CancelDialog appointment={appointment} api={api} onClose={() => setAsking(false)} onCancelled={onCancelled} />
      )}
    </main>
  );
}

function Facts({ appointment }: { appointment: ManagedAppointment }) {
  const { service, total_cents, location, contact } = appointment;
  const reach = [contact?.name_masked, contact?.email_masked, contact?.phone_masked].filter((line) => line);
  return (
    <dl className="facts">
      <dt>Service</dt>
      <dd>{serviceName(service)}</dd>
      {total_cents !== null && <dt>Price</dt>}
      {total_cents !== null && <dd>{money(total_cents)}</dd>}
      <dt>Where</dt>
      <dd>{location.address}</dd>
      {reach.length > 0 && <dt>Booked for</dt>}
      {reach.length > 0 && <dd className="facts-lines">{reach.join("\n")}</dd>}
    </dl>
  );
}

function NextSteps({ chatUrl, open, onCancel }: { chatUrl: string | null; open: boolean; onCancel: () => void }) {
  const chat = chatUrl ? <a href={chatUrl}>write us in the chat</a> : "reply to our message";
  if (!open) {
    return (
      <div className="manage-next">
        <p>To book a new time, {chat}.</p>
      </div>
    );
  }
  return (
    <div className="manage-next">
      <p>To move it to another time, {chat}.</p>
      <button type="button" className="text-button danger" onClick={onCancel}>
        Cancel this appointment
      </button>
    </div>
  );
}

import { useEffect, useState } from "react";

import type { BookingApi } from "../api";
import {
  AFTER_INSPECTION,
  agreedPrice,
  carName,
  directionsUrl,
  isCancelled,
  isEstimate,
  longDay,
  phoneUrl,
  priceText,
  serviceName,
  timeSpan,
  zoneName,
} from "../format";
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
  const { appointment } = view;
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
      <NextSteps
        sendLink={() => api.sendChatLink(appointment.id)}
        open={!cancelled && !past}
        onCancel={() => setAsking(true)}
      />
      {asking && (
        <CancelDialog appointment={appointment} api={api} onClose={() => setAsking(false)} onCancelled={onCancelled} />
      )}
    </main>
  );
}

function Facts({ appointment }: { appointment: ManagedAppointment }) {
  const { service, vehicle, location, contact } = appointment;
  const price = agreedPrice(appointment);
  const reach = [contact?.name_masked, contact?.email_masked, contact?.phone_masked].filter((line) => line);
  return (
    <dl className="facts">
      <dt>Service</dt>
      <dd>{serviceName(service)}</dd>
      {carName(vehicle) && <dt>Vehicle</dt>}
      {carName(vehicle) && <dd>{carName(vehicle)}</dd>}
      {price && <dt>Price</dt>}
      {price && (
        <dd className="facts-lines">
          {isEstimate(price.kind) ? `${priceText(price)}\n${AFTER_INSPECTION}` : priceText(price)}
        </dd>
      )}
      <dt>Where</dt>
      <dd>{location.address}</dd>
      {reach.length > 0 && <dt>Booked for</dt>}
      {reach.length > 0 && <dd className="facts-lines">{reach.join("\n")}</dd>}
    </dl>
  );
}

interface NextStepsProps {
  sendLink: () => Promise<void>;
  open: boolean;
  onCancel: () => void;
}

function NextSteps({ sendLink, open, onCancel }: NextStepsProps) {
  return (
    <div className="manage-next">
      <p>{open ? "To move it to another time, write us in the chat." : "To book a new time, write us in the chat."}</p>
      <ChatLink sendLink={sendLink} />
      {open && (
        <button type="button" className="text-button danger" onClick={onCancel}>
          Cancel this appointment
        </button>
      )}
    </div>
  );
}

/** The link goes to the address that the shop knows, since this page is passed around more freely than the chat. */
function ChatLink({ sendLink }: { sendLink: () => Promise<void> }) {
  const [state, setState] = useState<"idle" | "busy" | "sent" | "failed">("idle");
  const send = (): void => {
    setState("busy");
    sendLink().then(
      () => setState("sent"),
      () => setState("failed"),
    );
  };
  if (state === "sent") return <p role="status">We have sent the chat link to the address you booked with.</p>;
  return (
    <>
      <button type="button" className="text-button" disabled={state === "busy"} onClick={send}>
        Send me the chat link
      </button>
      {state === "failed" && <p role="alert">That did not work. Please try again, or reply to our message.</p>}
    </>
  );
}

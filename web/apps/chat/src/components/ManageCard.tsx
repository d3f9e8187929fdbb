import { useEffect, useState } from "react";

import { ApiError } from "../api";
import type { BookingApi } from "../api";
import {
  agreedPrice,
  carName,
  clock,
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
import type { ManagedAppointment, ManageView, Slot } from "../types";
import { words } from "../words";
import { CalendarButtons } from "./CalendarButtons";
import { CancelDialog } from "./CancelDialog";
import { PhoneIcon, PinIcon } from "./icons";
import { TimePicker } from "./TimePicker";

interface Props {
  view: ManageView;
  api: BookingApi;
  onChanged: (answer: Partial<ManagedAppointment>) => void;
}

export function ManageCard({ view, api, onChanged }: Props) {
  const { appointment } = view;
  const { start, end, timezone, location, number, status } = appointment;
  const [asking, setAsking] = useState(false);
  const [moving, setMoving] = useState<"no" | "picking" | "done">("no");
  const cancelled = isCancelled(status);
  const past = !cancelled && Date.parse(end) < Date.now();

  useEffect(() => {
    document.title = words().appointmentTitle(location.name);
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
          <span className="tag">{cancelled ? words().cancelled : past ? words().past : words().booked}</span>
          <span className="appointment-number">{words().number(number)}</span>
        </p>
        <h1 className="manage-day">{longDay(start, timezone)}</h1>
        <p className="manage-time">{timeSpan(start, end, timezone)}</p>
        <p className="card-note">{zoneName(start, timezone, "long")}</p>
        <Facts appointment={appointment} />
        {cancelled && <p className="manage-message">{words().cancelledNote}</p>}
        {moving === "done" && (
          <p className="manage-message" role="status">
            {words().moved}
          </p>
        )}
        {!cancelled && !past && (
          <div className="card-buttons">
            <button type="button" className="button button-primary" onClick={() => setMoving("picking")}>
              {words().reschedule}
            </button>
            <a className="button" href={directionsUrl(location)} target="_blank" rel="noopener noreferrer">
              <PinIcon /> {words().directions}
            </a>
            {location.phone && (
              <a className="button" href={phoneUrl(location.phone)}>
                <PhoneIcon /> {words().callShort}
              </a>
            )}
          </div>
        )}
        {!cancelled && !past && <CalendarButtons api={api} appointment={appointment} />}
      </section>
      {moving === "picking" && !cancelled && (
        <MovePanel
          appointment={appointment}
          api={api}
          onKeep={() => setMoving("no")}
          onMoved={(answer) => {
            onChanged(answer);
            setMoving("done");
          }}
        />
      )}
      <NextSteps
        sendLink={() => api.sendChatLink(appointment.id)}
        open={!cancelled && !past}
        onCancel={() => setAsking(true)}
      />
      {asking && (
        <CancelDialog
          appointment={appointment}
          api={api}
          onClose={() => setAsking(false)}
          onCancelled={(answer) => onChanged({ status: "cancelled", ...answer })}
        />
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
      <dt>{words().service}</dt>
      <dd>{serviceName(service)}</dd>
      {carName(vehicle) && <dt>{words().vehicle}</dt>}
      {carName(vehicle) && <dd>{carName(vehicle)}</dd>}
      {price && <dt>{words().price}</dt>}
      {price && (
        <dd className="facts-lines">
          {isEstimate(price.kind) ? `${priceText(price)}\n${words().afterInspection}` : priceText(price)}
        </dd>
      )}
      <dt>{words().where}</dt>
      <dd>{location.address}</dd>
      {reach.length > 0 && <dt>{words().bookedFor}</dt>}
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
      <p>{open ? words().askInChat : words().bookAgain}</p>
      <ChatLink sendLink={sendLink} />
      {open && (
        <button type="button" className="text-button danger" onClick={onCancel}>
          {words().cancelThis}
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
  if (state === "sent") return <p role="status">{words().chatLinkSent}</p>;
  return (
    <>
      <button type="button" className="text-button" disabled={state === "busy"} onClick={send}>
        {words().sendChatLink}
      </button>
      {state === "failed" && <p role="alert">{words().linkFailed}</p>}
    </>
  );
}

interface MoveProps {
  appointment: ManagedAppointment;
  api: BookingApi;
  onKeep: () => void;
  onMoved: (answer: Partial<ManagedAppointment>) => void;
}

/** All other open times; the chosen one is asked back before anything changes. */
function MovePanel({ appointment, api, onKeep, onMoved }: MoveProps) {
  const { id, start, timezone } = appointment;
  const [slots, setSlots] = useState<Slot[] | null>(null);
  const [chosen, setChosen] = useState<Slot | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");

  useEffect(() => {
    api.openTimes(id).then(
      (open) => setSlots(open.slots.filter(isOther(start)).map((slot) => ({ ...slot, action: slot.start }))),
      () => setProblem(words().moveFailed),
    );
  }, [api, id, start]);

  const move = async (slot: Slot): Promise<void> => {
    setBusy(true);
    try {
      onMoved(await api.move(id, slot.start));
    } catch (error) {
      const taken = error instanceof ApiError && error.code === "slot_taken";
      setProblem(taken ? words().slotTaken : words().moveFailed);
      if (taken) setSlots((before) => (before ?? []).filter(isOther(slot.start)));
      setChosen(null);
      setBusy(false);
    }
  };

  return (
    <section className="manage-card slots" aria-labelledby="move-title">
      <h2 id="move-title">{words().pickNew}</h2>
      {problem && (
        <p className="form-error" role="alert">
          {problem}
        </p>
      )}
      {slots === null && !problem && <p role="status">{words().loadingTimes}</p>}
      {slots && !chosen && <TimePicker zone={timezone} slots={slots} first={slots[0]} onPick={setChosen} />}
      {chosen && <p role="status">{words().moveTo(`${longDay(chosen.start, timezone)}, ${clock(chosen.start, timezone)}`)}</p>}
      <div className="card-buttons">
        {chosen && (
          <button type="button" className="button button-primary" disabled={busy} onClick={() => void move(chosen)}>
            {busy ? words().moving : words().moveYes}
          </button>
        )}
        <button type="button" className="button" disabled={busy} onClick={onKeep}>
          {words().keepTime}
        </button>
      </div>
    </section>
  );
}

const isOther =
  (start: string) =>
  (slot: { start: string }): boolean =>
    Date.parse(slot.start) !== Date.parse(start);

import { Alert, Button, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "../api";
import { type CalendarDays, dayOf, type Entry, hasBegun, kindWord, titleOf } from "../calendar";
import { clock, phoneText, phoneUrl, priceText, timeSpan } from "../format";
import { useCalendarChange } from "../queries";
import { errorText } from "../words";
import { Dialog } from "./Dialog";
import { TimePicker } from "./TimePicker";

interface Props {
  entry: Entry;
  calendar: CalendarDays;
  mayAct: boolean;
  onClose: () => void;
}

const KINDS: Record<Entry["kind"], string> = {
  appointment: "Appointment",
  hold: "Held time",
  block: "ShopMonkey's appointment",
  time_off: "Time off",
};

type Step = "move" | "cancel" | "no-show" | null;

export function EntryDialog({ entry, calendar, mayAct, onClose }: Props) {
  const [step, setStep] = useState<Step>(null);
  const begun = hasBegun(entry, calendar.now);
  const isOpen = entry.kind === "appointment" && entry.status === "booked";
  return (
    <Dialog title={entry.number ? `${KINDS[entry.kind]} ${entry.number}` : KINDS[entry.kind]} onClose={onClose}>
      <Facts entry={entry} calendar={calendar} />
      {mayAct && isOpen && step === null && (
        <div className="acts">
          {!begun && (
            <>
              <Button size="md" onClick={() => setStep("move")}>
                Move
              </Button>
              <Button size="md" variant="default" onClick={() => setStep("cancel")}>
                Cancel the appointment
              </Button>
            </>
          )}
          {begun && (
            <Button size="md" variant="default" onClick={() => setStep("no-show")}>
              Did not come
            </Button>
          )}
        </div>
      )}
      {!mayAct && isOpen && <p className="dimmed">Your role looks, and changes nothing.</p>}
      {step === "move" && <Move entry={entry} onDone={onClose} />}
      {step === "cancel" && <CancelForm entry={entry} onDone={onClose} onBack={() => setStep(null)} />}
      {step === "no-show" && <NoShowForm entry={entry} onDone={onClose} onBack={() => setStep(null)} />}
    </Dialog>
  );
}

function Facts({ entry, calendar }: { entry: Entry; calendar: CalendarDays }) {
  const { customer, service, vehicle, price, start, end, taken } = entry;
  const zone = calendar.timezone;
  const named = new Map([...calendar.bays, ...calendar.technicians].map((one) => [one.id, one.name]));
  const where = [...new Set(taken.map((one) => named.get(one.resource_id) ?? ""))].join(", ");
  const facts: [string, string][] = [
    ["State", kindWord(entry)],
    [entry.kind === "time_off" ? "Why" : "Customer", customer || entry.kind === "time_off" ? titleOf(entry) : ""],
    ["Service", service ?? ""],
    ["Car", vehicle ?? ""],
    ["Time", timeSpan(start, end, zone)],
    ["Where", where || "In no bay"],
    ["Price", price ? priceText(price) : ""],
    ["Held until", entry.expires_at ? clock(entry.expires_at, zone) : ""],
  ];
  return (
    <>
      <dl className="facts">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {entry.overbooked && <p>It was put here in ShopMonkey at an hour that is taken. Move it to a free time.</p>}
      {entry.kind === "block" && <p>It stands in ShopMonkey and is changed there.</p>}
      {customer && (
        <div className="acts">
          <Button component={Link} to={`/leads/${customer.lead_id}`} variant="default" size="md">
            Open the lead
          </Button>
          {customer.phone && (
            <Button component="a" href={phoneUrl(customer.phone)} variant="default" size="md">
              Call {phoneText(customer.phone)}
            </Button>
          )}
        </div>
      )}
    </>
  );
}

function Move({ entry, onDone }: { entry: Entry; onDone: () => void }) {
  const move = useCalendarChange((start: string) => api.move(entry.id, start), onDone);
  return (
    <TimePicker
      of={{ appointment_id: entry.id }}
      first={dayOf(entry.start)}
      verb="Move to"
      onTake={move.mutate}
      isTaking={move.isPending}
      error={move.error}
    />
  );
}

interface StepProps {
  entry: Entry;
  onDone: () => void;
  onBack: () => void;
}

function CancelForm({ entry, onDone, onBack }: StepProps) {
  const [reason, setReason] = useState("");
  const cancel = useCalendarChange(() => api.cancel(entry.id, reason.trim()), onDone);
  return (
    <>
      <TextInput
        label="Why (for the shop)"
        size="md"
        maxLength={500}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Confirm
        text="The customer is told that the shop canceled it, and the time is free at once."
        verb="Cancel it"
        act={cancel}
        onBack={onBack}
      />
    </>
  );
}

function NoShowForm({ entry, onDone, onBack }: StepProps) {
  const note = useCalendarChange(() => api.noShow(entry.id), onDone);
  return (
    <Confirm
      text="The rest of the time is free at once. The customer is told nothing, and it cannot be taken back."
      verb="Did not come"
      act={note}
      onBack={onBack}
    />
  );
}

interface ConfirmProps {
  text: string;
  verb: string;
  act: { mutate: (nothing: undefined) => void; isPending: boolean; isError: boolean; error: unknown };
  onBack: () => void;
}

function Confirm({ text, verb, act, onBack }: ConfirmProps) {
  return (
    <>
      <p>{text}</p>
      {act.isError && (
        <Alert color="red" role="alert">
          {errorText(act.error)}
        </Alert>
      )}
      <div className="acts">
        <Button size="md" color="red" loading={act.isPending} onClick={() => act.mutate(undefined)}>
          {verb}
        </Button>
        <Button size="md" variant="default" onClick={onBack}>
          Back
        </Button>
      </div>
    </>
  );
}

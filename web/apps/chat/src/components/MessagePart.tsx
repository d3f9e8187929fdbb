import type { Job } from "../api";
import type { Action, Appointment, Location, OpenTimes, Part } from "../types";
import { ActionButtons } from "./ActionButtons";
import { AppointmentCard } from "./AppointmentCard";
import { QuoteCard } from "./QuoteCard";
import { SlotPicker } from "./SlotPicker";
import { TiersCard } from "./TiersCard";

interface Props {
  part: Part;
  shop: Location;
  appointment: Appointment | null;
  actions: Action[];
  slotsOpen: boolean;
  /** The appointment is being moved. */
  moving: boolean;
  timesOf: (job: Job) => Promise<OpenTimes>;
  latest: boolean;
  onAction: (action: string, label: string) => void;
}

/** Nothing for a kind that this page does not know: a newer server may send such. */
export function MessagePart({ part, shop, appointment, actions, slotsOpen, moving, timesOf, latest, onAction }: Props) {
  switch (part.kind) {
    case "slots":
      return (
        <SlotPicker
          zone={part.timezone || shop.timezone}
          slots={part.slots}
          open={slotsOpen}
          job={moving && appointment ? { appointment_id: appointment.id } : part.quote_id ? { quote_id: part.quote_id } : null}
          own={moving ? (appointment?.start ?? null) : null}
          timesOf={timesOf}
          onAction={onAction}
        />
      );
    case "tiers":
      return <TiersCard part={part} open={latest} onAction={onAction} />;
    case "quote":
      return <QuoteCard quote={part.quote} zone={shop.timezone} />;
    case "appointment": {
      // The message keeps what was true then; the same appointment is shown as it is now.
      const current = appointment?.id === part.appointment.id ? appointment : null;
      return (
        <AppointmentCard
          appointment={current ?? part.appointment}
          shop={shop}
          actions={current ? actions : []}
          onAction={onAction}
        />
      );
    }
    case "actions":
      return latest ? <ActionButtons actions={part.actions} onAction={onAction} /> : null;
    default:
      return null;
  }
}

import {
  AFTER_INSPECTION,
  agreedPrice,
  carName,
  directionsUrl,
  isCancelled,
  isEstimate,
  longDay,
  placeOf,
  priceText,
  serviceName,
  timeSpan,
} from "../format";
import type { Action, Appointment, Location } from "../types";
import { CalendarIcon, PinIcon } from "./icons";

const ABOUT_APPOINTMENT = /^(move|cancel)$/; // the chat's action ids for a booked appointment

interface Props {
  appointment: Appointment;
  shop: Location;
  /** The buttons of the moment, of which the card shows those about an appointment; none on an outdated card. */
  actions: Action[];
  onAction: (action: string, label: string) => void;
}

export function AppointmentCard({ appointment, shop, actions, onAction }: Props) {
  const { start, end, timezone, service, vehicle, number, status } = appointment;
  const place = placeOf(appointment, shop);
  const price = agreedPrice(appointment);
  const cancelled = isCancelled(status);
  return (
    <section className={`card appointment${cancelled ? " appointment-cancelled" : ""}`} aria-label="Appointment">
      <p className="appointment-head">
        <span className="tag">{cancelled ? "Cancelled" : "Booked"}</span>
        <span className="appointment-number">No. {number}</span>
      </p>
      <h3 className="appointment-day">{longDay(start, timezone)}</h3>
      <p className="appointment-time">{timeSpan(start, end, timezone)}</p>
      <p className="appointment-service">
        <span>
          {serviceName(service)}
          {carName(vehicle) && <small>{carName(vehicle)}</small>}
        </span>
        {price && (
          <span className="appointment-price">
            {priceText(price)}
            {isEstimate(price.kind) && <small>{AFTER_INSPECTION}</small>}
          </span>
        )}
      </p>
      <address>
        {place.name}
        <br />
        {place.address}
      </address>
      {!cancelled && (
        <div className="card-buttons">
          <a className="button" href={directionsUrl(place)} target="_blank" rel="noopener noreferrer">
            <PinIcon /> Directions
          </a>
          {appointment.manage_url && (
            <a className="button" href={appointment.manage_url}>
              <CalendarIcon /> Details
            </a>
          )}
          {actions
            .filter(({ id }) => ABOUT_APPOINTMENT.test(id))
            .map(({ id, label }) => (
              <button key={id} type="button" className="button" onClick={() => onAction(id, label)}>
                {label}
              </button>
            ))}
        </div>
      )}
    </section>
  );
}

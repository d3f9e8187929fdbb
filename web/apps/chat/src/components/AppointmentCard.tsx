import {
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
import { words } from "../words";
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
    <section className={`card appointment${cancelled ? " appointment-cancelled" : ""}`} aria-label={words().appointment}>
      <p className="appointment-head">
        <span className="tag">{cancelled ? words().cancelled : words().booked}</span>
        <span className="appointment-number">{words().number(number)}</span>
      </p>
      <h2 className="appointment-day">{longDay(start, timezone)}</h2>
      <p className="appointment-time">{timeSpan(start, end, timezone)}</p>
      <p className="appointment-service">
        <span>
          {serviceName(service)}
          {carName(vehicle) && <small>{carName(vehicle)}</small>}
        </span>
        {price && (
          <span className="appointment-price">
            {priceText(price)}
            {isEstimate(price.kind) && <small>{words().afterInspection}</small>}
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
            <PinIcon /> {words().directions}
          </a>
          {appointment.manage_url && (
            <a className="button" href={appointment.manage_url}>
              <CalendarIcon /> {words().details}
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

import { carName, duration, priceText } from "../format";
import type { Part } from "../types";
import { words } from "../words";

interface Props {
  part: Extract<Part, { kind: "tiers" }>;
  open: boolean;
  onAction: (action: string, label: string) => void;
}

/** The ways to have one job done side by side, as the server ordered them: the cheapest first. */
export function TiersCard({ part, open, onAction }: Props) {
  const { tiers, vehicle, vehicle_class } = part;
  const car = carName(vehicle) || words().classes[vehicle_class ?? ""];
  return (
    <section className="card tiers" aria-label={words().compare}>
      <h2 className="card-title">{words().compare}</h2>
      {car && <p className="card-note">{words().forCar(car)}</p>}
      <ul>
        {tiers.map((tier) => (
          <li key={tier.action} className="tier">
            <h3>{tier.name}</h3>
            <p className="tier-price">{priceText(tier.price)}</p>
            {tier.differs && <p>{tier.differs}</p>}
            <p className="card-note">{words().takes(duration(tier.duration_minutes))}</p>
            {open && (
              <button type="button" className="button" onClick={() => onAction(tier.action, tier.name)}>
                {words().choose}
                <span className="visually-hidden"> {tier.name}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

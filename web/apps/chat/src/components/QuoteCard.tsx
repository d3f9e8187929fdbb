import { carName, goodUntil, isEstimate, longDay, money, priceText, serviceName } from "../format";
import { words } from "../words";
import type { Quote } from "../types";

const totalOf = ({ kind, total_cents, max_cents }: Quote): string =>
  total_cents === null ? words().onRequest : priceText({ kind, amount_cents: total_cents, max_cents: max_cents ?? null });

const priceOf = (cents: number | null): string => (cents === null ? words().onRequest : money(cents));

export function QuoteCard({ quote, zone }: { quote: Quote; zone: string }) {
  const estimate = isEstimate(quote.kind);
  const until = quote.valid_until ? longDay(quote.valid_until, zone) : "";
  return (
    <section className="card quote" aria-label={words().yourPrice}>
      <h2 className="card-title">{quote.service ? words().priceOf(serviceName(quote.service)) : words().yourPrice}</h2>
      {carName(quote.vehicle) && <p className="card-note">{words().forCar(carName(quote.vehicle))}</p>}
      <dl>
        {quote.lines.map((line, index) => (
          <div key={index} className="quote-line">
            <dt>{line.label}</dt>
            <dd>{priceOf(line.amount_cents)}</dd>
          </div>
        ))}
        <div className="quote-line quote-total">
          <dt>{estimate ? words().estimate : words().total}</dt>
          <dd>{totalOf(quote)}</dd>
        </div>
      </dl>
      {estimate && <p className="card-note">{words().afterInspection}</p>}
      {until && <p className="card-note">{goodUntil(quote.kind, until)}</p>}
    </section>
  );
}

/** The page's own words in the customer's language; what the server says comes in it already. */
import { en } from "./en";
import { es } from "./es";

export interface Words {
  locale: string;
  today: string;
  yesterday: string;
  chatTitle: (shop: string) => string;
  call: (shop: string, phone: string) => string;
  callShort: string;
  statusHuman: string;
  statusAsked: string;
  statusAssistant: string;
  assistant: string;
  team: string;
  you: string;
  noConnection: string;
  chatUnreachable: string;
  calendarUnreachable: string;
  loadingChat: string;
  loadingAppointment: string;
  conversation: string;
  messages: string;
  suggestions: string;
  zoneNote: (zone: string) => string;
  yourMessage: string;
  placeholder: string;
  send: string;
  characters: (count: string) => string;
  sending: string;
  notSent: string;
  retry: string;
  remove: string;
  writing: string;
  newMessages: (count: number) => string;
  toNewest: string;
  onRequest: string;
  from: (low: string) => string;
  range: (low: string, high: string) => string;
  afterInspection: string;
  estimateUntil: (day: string) => string;
  priceUntil: (day: string) => string;
  yourPrice: string;
  priceOf: (service: string) => string;
  forCar: (car: string) => string;
  estimate: string;
  total: string;
  compare: string;
  choose: string;
  takes: (time: string) => string;
  hours: (count: number) => string;
  minutes: (count: number) => string;
  times: string;
  timesIn: (zone: string) => string;
  timesOver: string;
  loadingTimes: string;
  noTimes: string;
  days: string;
  openCount: (count: number) => string;
  morning: string;
  afternoon: string;
  evening: string;
  until: (time: string) => string;
  appointment: string;
  booked: string;
  cancelled: string;
  past: string;
  number: (number: string | number) => string;
  directions: string;
  details: string;
  appointmentTitle: (shop: string) => string;
  service: string;
  vehicle: string;
  price: string;
  where: string;
  bookedFor: string;
  cancelledNote: string;
  addToCalendar: string;
  calendarFile: string;
  calendarFailed: string;
  reschedule: string;
  pickNew: string;
  keepTime: string;
  moveTo: (time: string) => string;
  moveYes: string;
  moving: string;
  moved: string;
  slotTaken: string;
  moveFailed: string;
  askInChat: string;
  bookAgain: string;
  sendChatLink: string;
  chatLinkSent: string;
  linkFailed: string;
  cancelThis: string;
  cancelAsk: string;
  cancelNote: string;
  reason: string;
  keepIt: string;
  cancelling: string;
  cancelIt: string;
  cancelGone: string;
  cancelUnsure: string;
  cancelRefused: string;
  goneTitle: string;
  goneWhy: string;
  goneWhat: string;
  goneNewest: string;
  goneReply: string;
  goneCall: string;
  goneSend: string;
  goneSent: string;
  homeTitle: string;
  homeText: string;
  homeLost: string;
  homeStaff: string;
  classes: Record<string, string>;
}

export type Language = "en" | "es";

export const WORDS: Record<Language, Words> = { en, es };

let language: Language = "en";

/** Of everything that is drawn from now on, and of the document. */
export function speak(wanted: Language): void {
  language = wanted;
  if (typeof document !== "undefined") document.documentElement.lang = wanted;
}

export const words = (): Words => WORDS[language];

/** Of a page that no conversation tells it yet. */
export const browserLanguage = (): Language => (navigator.language.toLowerCase().startsWith("es") ? "es" : "en");

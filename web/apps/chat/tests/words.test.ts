import { expect, test } from "vitest";

import { WORDS } from "../src/words";

const ABOUT_NAMES = new Set(["chatTitle", "total", "classes"]); // of which a language may say the same as the other

test("both languages have the same words, none is empty and none was left untranslated", () => {
  const { en, es } = WORDS;
  expect(Object.keys(es).sort()).toEqual(Object.keys(en).sort());
  for (const name of Object.keys(en) as (keyof typeof en)[]) {
    expect(typeof es[name]).toBe(typeof en[name]);
    if (typeof en[name] !== "string" || ABOUT_NAMES.has(name)) continue;
    expect(es[name], name).not.toBe("");
    expect(es[name], name).not.toBe(en[name]);
  }
});

test("both say what they are given", () => {
  for (const { from, range, newMessages, forCar, moveTo } of Object.values(WORDS)) {
    expect(from("$1")).toContain("$1");
    expect(range("$1", "$2")).toMatch(/\$1.*\$2/);
    expect(newMessages(3)).toContain("3");
    expect(forCar("Civic")).toContain("Civic");
    expect(moveTo("noon")).toContain("noon");
  }
});

import { day, DAY_MS, daysUntil } from "../config/keys/consumers/credentials";

/** The day `days` days after `today`, in the form `2027-01-31` (UTC). */
export function dayAfter(today: Date, days: number): string {
    return new Date(today.getTime() + days * DAY_MS).toISOString().slice(0, 10);
}

/** Whether a credential with this expiry date has expired, so that the next `pulumi up` removes it from the gateway. */
export function isOver(expires: string | undefined, today: Date): boolean {
    return expires !== undefined && day.safeParse(expires).success && daysUntil(expires, today) <= 0;
}

/** Problems of a day that must be in the future. The config check reports a text that is not a day. */
export function dayProblems(where: string, text: string | undefined, today: Date): string[] {
    if (!isOver(text, today)) return [];
    return [`${where}: must be later than today, which is ${dayAfter(today, 0)} (got ${text}). Choose a later day.`];
}

/** `in 3 days`, `tomorrow`, `today`, `2 days ago`. */
export function inWords(days: number): string {
    if (days === 0) return "today";
    if (days === 1) return "tomorrow";
    return days > 0 ? `in ${days} days` : `${-days} day${days === -1 ? "" : "s"} ago`;
}

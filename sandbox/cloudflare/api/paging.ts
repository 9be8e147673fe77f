/**
 * Pages of lists. A request without `page` gets the first page. A page after the last one is empty, so that a client
 * which reads page after page stops there.
 */
import { refused, type Answer } from "./answer";
import type { Call } from "./call";

export const PAGING = ["page", "per_page"];

/** @param perPage number of items on a page if the request has no `per_page` @param most largest allowed `per_page` */
export function page(call: Call, items: unknown[], perPage = 20, most = 50): Answer {
    const number = whole(call, "page", 1, Number.MAX_SAFE_INTEGER) ?? 1;
    const size = whole(call, "per_page", 1, most) ?? perPage;
    const result = items.slice((number - 1) * size, number * size);
    return {
        result,
        result_info: {
            page: number,
            per_page: size,
            count: result.length,
            total_count: items.length,
            total_pages: Math.ceil(items.length / size),
        },
    };
}

function whole(call: Call, name: string, least: number, most: number): number | undefined {
    const text = call.query.get(name);
    if (text === null) return undefined;
    const number = Number(text);
    if (!Number.isInteger(number) || number < least || number > most)
        throw refused(6003, `${name}: must be a whole number from ${least} to ${most} (got "${text}").`);
    return number;
}

/** Sorts by the query's `order` and `direction`. @param orders valid values of `order` */
export function ordered<T extends object>(call: Call, items: T[], orders: string[]): T[] {
    const order = call.query.get("order");
    const direction = call.query.get("direction") ?? "asc";
    if (order !== null && !orders.includes(order)) throw refused(6003, `order: must be one of ${orders.join(", ")}.`);
    if (!["asc", "desc"].includes(direction)) throw refused(6003, "direction: must be asc or desc.");
    if (order === null) return items;
    const key = (item: T) => String((item as Record<string, unknown>)[order]);
    const sorted = [...items].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
    return direction === "asc" ? sorted : sorted.reverse();
}

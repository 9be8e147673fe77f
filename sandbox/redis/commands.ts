/** Commands on data, with the argument checks and error texts of Redis 7. */
import type { Database } from "./database";
import { RedisError, Status, type Reply } from "./resp";

export interface DataCommand {
    /** Words with the name itself; negative = at least that many, as Redis counts. */
    arity: number;
    run(db: Database, args: string[]): Reply;
}

export const OK = new Status("OK");

const notInteger = () => new RedisError("ERR value is not an integer or out of range");
const syntaxError = () => new RedisError("ERR syntax error");

export function integer(text: string): number {
    if (!/^(0|-?[1-9]\d*)$/.test(text) || !Number.isSafeInteger(Number(text))) throw notInteger();
    return Number(text);
}

function float(text: string, otherwise: string): number {
    if (/^[+-]?inf$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new RedisError(`ERR ${otherwise}`);
    return Number(text);
}

/** Is a score inside the bounds? A bound with "(" in front is left out. */
function range(min: string, max: string): (score: number) => boolean {
    const bound = (text: string) => float(text.replace(/^\(/, ""), "min or max is not a float");
    const [low, high] = [bound(min), bound(max)];
    return (score) =>
        (min.startsWith("(") ? score > low : score >= low) && (max.startsWith("(") ? score < high : score <= high);
}

function increment(db: Database, key: string, by: number): number {
    const sum = integer(db.text(key) ?? "0") + by;
    if (!Number.isSafeInteger(sum)) throw new RedisError("ERR increment or decrement would overflow");
    db.setText(key, String(sum));
    return sum;
}

function expire(name: string, unitMs: number): DataCommand {
    return {
        arity: -3,
        run: (db, [key, time, option]) => {
            if (option !== undefined) throw new RedisError(`ERR Unsupported option ${option}`);
            const milliseconds = integer(time) * unitMs;
            if (!Number.isSafeInteger(milliseconds))
                throw new RedisError(`ERR invalid expire time in '${name}' command`);
            return Number(db.expire(key, milliseconds));
        },
    };
}

/** SET key value [NX] [EX seconds | PX milliseconds]; every other option is a syntax error here. */
function set(db: Database, [key, value, ...options]: string[]): Reply {
    let onlyNew = false;
    let life: number | undefined;
    while (options.length > 0) {
        const option = (options.shift() as string).toUpperCase();
        if (option === "NX") onlyNew = true;
        else if ((option === "EX" || option === "PX") && options.length > 0 && life === undefined) {
            life = integer(options.shift() as string) * (option === "EX" ? 1000 : 1);
            if (life <= 0) throw new RedisError("ERR invalid expire time in 'set' command");
        } else throw syntaxError();
    }
    if (onlyNew && db.has(key)) return null;
    db.setText(key, value, life === undefined ? Infinity : Date.now() + life);
    return OK;
}

/** ZADD key score member [score member …]: the count of new members. */
function zadd(db: Database, [key, ...pairs]: string[]): number {
    if (pairs.length % 2 !== 0) throw syntaxError();
    const scores = pairs.filter((_, i) => i % 2 === 0).map((text) => float(text, "value is not a valid float"));
    const before = db.set(key)?.size ?? 0;
    db.changeSet(key, (members) => scores.forEach((score, i) => members.set(pairs[2 * i + 1], score)));
    return (db.set(key)?.size ?? 0) - before;
}

/** Takes members out by name and score: how many those were. */
function removeMembers(db: Database, key: string, leaves: (member: string, score: number) => boolean): number {
    const leaving = [...(db.set(key) ?? [])].filter(([member, score]) => leaves(member, score));
    if (leaving.length > 0) db.changeSet(key, (members) => leaving.forEach(([member]) => members.delete(member)));
    return leaving.length;
}

export const DATA_COMMANDS: Readonly<Record<string, DataCommand>> = {
    GET: { arity: 2, run: (db, [key]) => db.text(key) ?? null },
    SET: { arity: -3, run: set },
    INCR: { arity: 2, run: (db, [key]) => increment(db, key, 1) },
    INCRBY: { arity: 3, run: (db, [key, by]) => increment(db, key, integer(by)) },
    DEL: { arity: -2, run: (db, keys) => keys.filter((key) => db.has(key) && db.delete(key)).length },
    EXPIRE: expire("expire", 1000),
    PEXPIRE: expire("pexpire", 1),
    PTTL: { arity: 2, run: (db, [key]) => db.timeToLive(key) },
    TTL: {
        arity: 2,
        run: (db, [key]) => {
            const left = db.timeToLive(key);
            return left < 0 ? left : Math.round(left / 1000);
        },
    },
    ZADD: { arity: -4, run: zadd },
    ZCARD: { arity: 2, run: (db, [key]) => db.set(key)?.size ?? 0 },
    ZCOUNT: {
        arity: 4,
        run: (db, [key, min, max]) => {
            const inside = range(min, max);
            return [...(db.set(key)?.values() ?? [])].filter(inside).length;
        },
    },
    ZREM: { arity: -3, run: (db, [key, ...members]) => removeMembers(db, key, (member) => members.includes(member)) },
    ZREMRANGEBYSCORE: {
        arity: 4,
        run: (db, [key, min, max]) => {
            const inside = range(min, max);
            return removeMembers(db, key, (_, score) => inside(score));
        },
    },
};

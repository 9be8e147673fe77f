import { at, type Path, type Problems } from "../../cross-check";
import { isWithin } from "../../../dns/names";
import { got, pathText } from "../../problems";
import { repeats } from "../../values";

/** Cloudflare's limit of host names in an Access application. */
const MOST_HOSTNAMES = 5;

/** Config keys of the callers' host names. They exist with option `cloudflare` and with exposure `tunnel`. */
interface Named {
    hostname?: string;
    aliases?: (string | undefined)[];
    zone?: { name?: string };
}

/** Checks that every host name is in the zone. */
export function* hostnameProblems({ hostname, aliases = [], zone: { name: zone } = {} }: Named): Problems {
    const names: [where: Path, name?: string][] = [
        [["hostname"], hostname],
        ...aliases.map((name, i): [Path, string?] => [["aliases", i], name]),
    ];
    if (names.length > MOST_HOSTNAMES)
        yield at(
            ["aliases"],
            `must have at most ${MOST_HOSTNAMES - 1} names (got ${aliases.length}): with hostname, Cloudflare allows ${MOST_HOSTNAMES} names in one application. Remove some.`,
        );
    for (const [i, first] of repeats(names.map(([, name]) => name)))
        yield at(names[i][0], `must be listed only once (${pathText(names[first][0])} is the same). Remove it.`);
    for (const [where, name] of names)
        if (name !== undefined && zone !== undefined && !isWithin(name, zone))
            yield at(where, `must be in zone ${zone}${got(name)}. Correct one of them.`);
}

/** Warns about names that the universal certificate of the zone does not cover: it has the zone and names one level below it. */
export function deepNameWarnings(names: string[], zone: string): string[] {
    return names
        .filter((name) => name !== zone && name.slice(0, -zone.length - 1).includes("."))
        .map(
            (name) =>
                `hostname: ${name} is more than one level below ${zone}, so the universal certificate does not cover it. Order a certificate for this name.`,
        );
}

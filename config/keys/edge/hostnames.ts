/** Cloudflare's limit of host names in an Access application. */
const MOST_HOSTNAMES = 5;

/** Config keys of the callers' host names. They exist with option `cloudflare` and with exposure `tunnel`. */
interface Named {
    hostname?: string;
    aliases?: (string | undefined)[];
    zone?: { name?: string };
}

/** Checks that every host name is in the zone. */
export function hostnameProblems({ hostname, aliases = [], zone: { name: zone } = {} }: Named): string[] {
    const names: [where: string, name?: string][] = [
        ["hostname", hostname],
        ...aliases.map((name, i): [string, string?] => [`aliases[${i}]`, name]),
    ];
    const problems: string[] = [];
    if (names.length > MOST_HOSTNAMES)
        problems.push(
            `aliases: must have at most ${MOST_HOSTNAMES - 1} names (got ${aliases.length}): with hostname, Cloudflare allows ${MOST_HOSTNAMES} names in one application. Remove some.`,
        );
    for (const [i, [where, name]] of names.entries()) {
        if (name === undefined || zone === undefined) continue;
        const first = names.findIndex(([, other]) => other === name);
        if (first < i) problems.push(`${where}: must be listed only once (${names[first][0]} is the same). Remove it.`);
        if (name !== zone && !name.endsWith(`.${zone}`))
            problems.push(`${where}: must be in zone ${zone} (got ${JSON.stringify(name)}). Correct one of them.`);
    }
    return problems;
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

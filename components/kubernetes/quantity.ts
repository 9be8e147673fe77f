const UNITS: Record<string, number> = {
    ...{ n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
    ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** Value of a Kubernetes quantity, for example `15500m` or `200Gi`; memory in bytes. @default 0 */
export function quantity(text: string | number = 0): number {
    const [, number, unit] = /^(.*?)([numkMGTPE]?|[KMGTPE]i)$/.exec(`${text}`) ?? [];
    return Number(number) * UNITS[unit];
}

/** Value of the claim `key` of a token: unique for each credential, and how the gateway finds whose token it is. */
export function claimKey(namespace: string, consumer: string, id: string): string {
    return `${namespace}_${consumer}.${id}`;
}

/** Something APISIX 3.18 has and this stand-in does not play: answered with 501 and the name, never passed over. */
export class NotImitated extends Error {
    constructor(readonly what: string) {
        super(`gateway stand-in: ${what} exists in APISIX 3.18.0 but is not imitated here`);
    }
}

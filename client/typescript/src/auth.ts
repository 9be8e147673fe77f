import { Credential } from "./credential.js";
import { checkHeaderName, checkHeaderValue, refuse, type Problems } from "./problems.js";

/** An API key, in the header `apikey`. */
export class ApiKey extends Credential {
    readonly method = "key";
    readonly #key: string;

    /**
     * @param key from the handout. `undefined` is rejected, because it is what `process.env` returns for an unset
     * variable.
     * @throws ConfigurationError if the key cannot be sent in a header
     */
    constructor(key: string | undefined) {
        super();
        const problems: Problems = [];
        checkHeaderValue("ApiKey", key, problems);
        refuse(problems);
        this.#key = key!;
    }

    async headers(): Promise<Record<string, string>> {
        return { apikey: this.#key };
    }

    protected secrets(): string[] {
        return [this.#key];
    }
}

export interface ServiceTokenOptions {
    /** `<32 hex>.access` */
    clientId: string | undefined;
    clientSecret: string | undefined;
    /**
     * Name of a single header that carries both values as JSON, often `Authorization`. Set it only for an Access
     * application that has the setting `read_service_tokens_from_header`.
     * @default none: two headers, `CF-Access-Client-Id` and `CF-Access-Client-Secret`
     */
    header?: string | undefined;
}

/**
 * A service token of Cloudflare Access. Its format is not checked, because Cloudflare has changed it before: only
 * characters that a header cannot hold are rejected.
 */
export class ServiceToken extends Credential {
    readonly method = "service-token";
    readonly #clientId: string;
    readonly #clientSecret: string;
    readonly #header: string | undefined;

    /** @throws ConfigurationError with every part that cannot be sent in a header */
    constructor({ clientId, clientSecret, header }: ServiceTokenOptions) {
        super();
        const problems: Problems = [];
        checkHeaderValue("ServiceToken.clientId", clientId, problems);
        checkHeaderValue("ServiceToken.clientSecret", clientSecret, problems);
        if (header !== undefined) checkHeaderName("ServiceToken.header", header, problems);
        refuse(problems);
        this.#clientId = clientId!;
        this.#clientSecret = clientSecret!;
        this.#header = header;
    }

    async headers(): Promise<Record<string, string>> {
        const [id, secret] = [this.#clientId, this.#clientSecret];
        if (this.#header === undefined) return { "CF-Access-Client-Id": id, "CF-Access-Client-Secret": secret };
        return { [this.#header]: JSON.stringify({ "cf-access-client-id": id, "cf-access-client-secret": secret }) };
    }

    protected secrets(): string[] {
        return [this.#clientSecret, this.#clientId];
    }
}

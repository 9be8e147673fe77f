/** Workers and their routes. See objects.ts. */

export interface WorkerScript {
    /** The name, which is the id. */
    id: string;
    /** Text of the Worker's only module. Answers contain it only without the other fields. */
    content: string;
    /** Name of the Worker's module. Never in answers. */
    main_module: string;
    compatibility_date: string;
    logpush: boolean;
    usage_model: string;
    etag: string;
    handlers: string[];
    created_on: string;
    modified_on: string;
}

export interface WorkerRoute {
    id: string;
    /** Never in answers. */
    zone_id: string;
    /** A hostname and the start of a path, without a scheme. */
    pattern: string;
    /** Name of the Worker; unset if matching requests run no Worker. */
    script?: string;
}

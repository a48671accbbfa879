/* unbuilt.h: methods of the API whose rooms are not there yet. Goes when they are. */
#ifndef FAM_SERVICES_UNBUILT_H
#define FAM_SERVICES_UNBUILT_H

#define FAM_UNBUILT(Service, name, Method)                                                                             \
    static void name(Fam__V1__##Service##_Service *service, const Fam__V1__##Method##Request *request,                 \
                     Fam__V1__##Method##Response_Closure closure, void *closure_data)                                  \
    {                                                                                                                  \
        (void)service;                                                                                                 \
        (void)request;                                                                                                 \
        (void)closure;                                                                                                 \
        struct fam_status status;                                                                                      \
        (void)fam_fail(&status, FAM_UNIMPLEMENTED, "not built yet");                                                   \
        fam_call_fail(closure_data, &status);                                                                          \
    }

#endif

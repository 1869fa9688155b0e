/* Every fsync and fdatasync takes a millisecond longer: what a disk in a data centre adds.

       cc -shared -fPIC -O2 -o slow_fsync.so slow_fsync.c -ldl
       LD_PRELOAD=./slow_fsync.so postgres ...
*/

#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static int slowly(const char *name, int file)
{
    struct timespec pause = {0, 1000000};
    int (*real)(int) = (int (*)(int)) dlsym(RTLD_NEXT, name);

    nanosleep(&pause, NULL);
    return real(file);
}

int fsync(int file)
{
    return slowly("fsync", file);
}

int fdatasync(int file)
{
    return slowly("fdatasync", file);
}

/* Take the arenas of Python's small objects from huge pages: fewer misses of the address cache.

   Linux alone. Arenas that were made before, or are not of the usual size, stay with the allocator
   that was there; freed ones are told apart by their addresses. All is called with the GIL held. */

#define _GNU_SOURCE
#include <Python.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA ((size_t)1 << 20) /* what Python asks for at once */
#define HUGE ((size_t)2 << 20)  /* a huge page holds two */
#define ARENAS 64
#define REGION (ARENAS * ARENA) /* address space taken at once; memory only as it is touched */
#define KEPT 16 /* free arenas whose memory is kept: the next ones cost nothing */

enum { COLD, WARM, USED }; /* free without memory, free with it, handed out */

typedef struct Region {
    struct Region *next;
    char *start;
    unsigned char arenas[ARENAS];
} Region;

static PyObjectArenaAllocator before;
static Region *regions;
static int warm; /* in all regions */
static int installed;

static Region *
add_region(void)
{
    Region *region = PyMem_RawCalloc(1, sizeof(Region));
    if (region == NULL) {
        return NULL;
    }
    char *start = mmap(NULL, REGION + HUGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        PyMem_RawFree(region);
        return NULL;
    }
    region->start = (char *)(((uintptr_t)start + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
    madvise(region->start, REGION, MADV_HUGEPAGE); /* refused: ordinary pages */
    region->next = regions;
    return regions = region;
}

static void *
take_arena(void *Py_UNUSED(context), size_t size)
{
    if (size != ARENA) {
        return before.alloc(before.ctx, size);
    }
    int wanted = warm ? WARM : COLD;
    Region *region = regions;
    void *found = NULL;
    while (region && !(found = memchr(region->arenas, wanted, ARENAS))) {
        region = region->next;
    }
    if (!found) {
        region = add_region();
        if (region == NULL) {
            return before.alloc(before.ctx, size);
        }
        found = region->arenas;
    }
    size_t place = (unsigned char *)found - region->arenas;
    region->arenas[place] = USED;
    if (wanted == WARM) {
        warm--;
    } else { /* its page brings the other half with it */
        region->arenas[place ^ 1] = WARM;
        warm++;
    }
    return region->start + place * ARENA;
}

static void
give_back(void *Py_UNUSED(context), void *arena, size_t size)
{
    Region *region = regions;
    while (region && ((char *)arena < region->start || (char *)arena >= region->start + REGION)) {
        region = region->next;
    }
    if (region == NULL) {
        before.free(before.ctx, arena, size);
        return;
    }
    size_t place = ((char *)arena - region->start) / ARENA;
    region->arenas[place] = WARM;
    warm++;
    if (warm > KEPT && region->arenas[place ^ 1] == WARM) {
        /* Whole pages only: half of one would leave the system small pages for good. */
        madvise(region->start + (place & ~(size_t)1) * ARENA, HUGE, MADV_DONTNEED);
        region->arenas[place] = region->arenas[place ^ 1] = COLD;
        warm -= 2;
    }
}

static PyObject *
install(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    if (!installed) {
        PyObjectArenaAllocator ours = {NULL, take_arena, give_back};
        PyObject_GetArenaAllocator(&before);
        PyObject_SetArenaAllocator(&ours);
        installed = 1;
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"install", install, METH_NOARGS, "Take the arenas made from now on from huge pages."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_huge_pages", NULL, -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit__huge_pages(void)
{
    return PyModule_Create(&definition);
}

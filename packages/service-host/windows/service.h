/* What the parts of carestream-service.exe and of the installer's library share. */
#ifndef SERVICE_H
#define SERVICE_H

#include <windows.h>

#define SERVICE_NAME L"FlynotesAgent"
#define SERVICE_DISPLAY_NAME L"Flynotes Agent"
#define VIRTUAL_ACCOUNT L"NT SERVICE\\" SERVICE_NAME
/* Windows derives it from the service's name: S-1-5-80 and SHA-1 of the name in capitals, in UTF-16. A test computes it again. */
#define SERVICE_SID L"S-1-5-80-932970147-3401282217-3420696412-3367097279-3878861376"

enum { LONG_PATH = 1024 };

typedef struct {
    /* Neither ends with a backslash, which would escape the quotation mark behind it. */
    wchar_t install[LONG_PATH];
    wchar_t data[LONG_PATH];
    /* Further words for the supervisor, as they stand on a command line; usually none. */
    wchar_t words[LONG_PATH];
} Folders;

/* What could not be done, for a human, and Windows' number for it. */
typedef struct {
    DWORD number;
    wchar_t text[1024];
} Failure;

BOOL fail(Failure *failure, DWORD number, const wchar_t *format, ...);

/* carestream-service.c: 0 after the service has stopped, or why it was not run. */
DWORD runService(const Folders *folders);

/* data-folder.c: makes the folder so that nobody but administrators, the system and the service can plant anything in it. */
BOOL prepareDataFolder(const wchar_t *data, const wchar_t *account, Failure *failure);
BOOL removeDataFolder(const wchar_t *data, Failure *failure);

/* registration.c: `account` NULL keeps the account of a service that exists, and is the virtual account for a new one. */
BOOL serviceExists(void);
BOOL registerService(const Folders *folders, const wchar_t *account, const wchar_t *password, Failure *failure);
BOOL startRegisteredService(Failure *failure);
BOOL stopRegisteredService(const wchar_t *installFolder, Failure *failure);
BOOL unregisterService(Failure *failure);
BOOL isVirtualAccount(const wchar_t *account);
/* The account's SID, to be freed with LocalFree; NULL when Windows does not know it. */
PSID sidOfAccount(const wchar_t *account);

#endif

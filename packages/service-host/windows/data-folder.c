/*
 * The data folder's rights. ProgramData lets every user create folders and files, and whoever creates a folder may hand out its
 * rights; so the folder is made with its rights in one step, and one that somebody else made before is not trusted.
 * Rights are given by SID: names of groups are translated on a Windows in another language.
 */
#include "service.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>

/* Protected from what ProgramData hands down; the system and administrators may do everything. */
#define RIGHTS_OF_ADMINISTRATORS L"O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
/* Whoever runs the agent needs not be told how to get to its folder, but must get through the one above. */
#define RIGHTS_OF_PARENT RIGHTS_OF_ADMINISTRATORS L"(A;;0x1200a9;;;BU)"
/* Read, write, delete; not change rights or owner. */
#define MODIFY L"0x1301bf"

/* The account that installs: the system itself in an MSI, an administrator on the command line. */
static BOOL isOurs(PSID owner)
{
    union {
        TOKEN_USER user;
        BYTE room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } found;
    DWORD length;
    HANDLE token;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return FALSE;
    const BOOL ours = GetTokenInformation(token, TokenUser, &found, sizeof found, &length) && EqualSid(owner, found.user.User.Sid);
    CloseHandle(token);
    return ours;
}

static BOOL trustedOwner(HANDLE folder)
{
    PSID owner = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    if (GetSecurityInfo(folder, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL, NULL, &descriptor))
        return FALSE;
    BOOL trusted = IsWellKnownSid(owner, WinBuiltinAdministratorsSid) || IsWellKnownSid(owner, WinLocalSystemSid) || isOurs(owner);
    LocalFree(descriptor);
    return trusted;
}

/* A folder that was there: ours, or refused. */
static BOOL takeExisting(const wchar_t *path, PSECURITY_DESCRIPTOR rights, Failure *failure)
{
    BY_HANDLE_FILE_INFORMATION found;
    /* The folder itself, never what a link in its place points to. */
    HANDLE folder = CreateFileW(path, READ_CONTROL | WRITE_DAC | FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (folder == INVALID_HANDLE_VALUE)
        return fail(failure, GetLastError(), L"The folder %ls cannot be opened.", path);
    BOOL done = GetFileInformationByHandle(folder, &found);
    if (!done) {
        fail(failure, GetLastError(), L"The folder %ls cannot be examined.", path);
    } else if ((found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) || !(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)) {
        done = fail(failure, ERROR_DIRECTORY, L"%ls is a link or a file. Remove it and install again.", path);
    } else if (!trustedOwner(folder)) {
        done = fail(failure, ERROR_INVALID_OWNER,
                    L"The folder %ls was made by somebody who is no administrator. Look at what is in it and delete it, or give it "
                    L"to the administrators (takeown /F \"%ls\" /A /R /D Y), and install again.",
                    path, path);
    } else {
        BOOL present, defaulted;
        PACL list = NULL;
        GetSecurityDescriptorDacl(rights, &present, &list, &defaulted);
        DWORD refused = SetSecurityInfo(folder, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                                        NULL, NULL, list, NULL);
        if (refused)
            done = fail(failure, refused, L"The rights of %ls cannot be set.", path);
    }
    CloseHandle(folder);
    return done;
}

static BOOL makeFolder(const wchar_t *path, const wchar_t *rights, Failure *failure)
{
    SECURITY_ATTRIBUTES secured = {.nLength = sizeof secured};
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(rights, SDDL_REVISION_1, &secured.lpSecurityDescriptor, NULL))
        return fail(failure, GetLastError(), L"The rights for %ls cannot be expressed.", path);
    BOOL done = CreateDirectoryW(path, &secured);
    if (!done) {
        DWORD refused = GetLastError();
        done = refused == ERROR_ALREADY_EXISTS ? takeExisting(path, secured.lpSecurityDescriptor, failure)
                                               : fail(failure, refused, L"The folder %ls cannot be made.", path);
    }
    LocalFree(secured.lpSecurityDescriptor);
    return done;
}

BOOL prepareDataFolder(const wchar_t *data, const wchar_t *account, Failure *failure)
{
    wchar_t rights[1024], parent[LONG_PATH];
    wchar_t *ofAccount = NULL;
    wcscpy(parent, data);
    wchar_t *slash = wcsrchr(parent, L'\\');
    if (!slash || slash < parent + 3)
        return fail(failure, ERROR_BAD_PATHNAME, L"%ls cannot be the data folder: write a folder below another one.", data);
    *slash = 0;
    /* A folder of Windows' own, such as ProgramData itself, stays as it is. */
    if (slash - parent > 3 && wcschr(parent + 3, L'\\') && !makeFolder(parent, RIGHTS_OF_PARENT, failure))
        return FALSE;
    /* The service's own SID stands in its token whichever account it runs as; the account's own is for a Windows that left it out. */
    swprintf(rights, ARRAYSIZE(rights), L"%ls(A;OICI;%ls;;;%ls)", RIGHTS_OF_ADMINISTRATORS, MODIFY, SERVICE_SID);
    PSID sid = account && !isVirtualAccount(account) ? sidOfAccount(account) : NULL;
    if (sid && ConvertSidToStringSidW(sid, &ofAccount)) {
        swprintf(rights + wcslen(rights), ARRAYSIZE(rights) - wcslen(rights), L"(A;OICI;%ls;;;%ls)", MODIFY, ofAccount);
        LocalFree(ofAccount);
    }
    if (sid)
        LocalFree(sid);
    return makeFolder(data, rights, failure);
}

/* Everything below; links are removed, never followed. */
static DWORD removeTree(const wchar_t *folder)
{
    wchar_t path[LONG_PATH];
    WIN32_FIND_DATAW found;
    DWORD failure = 0;
    if (swprintf(path, ARRAYSIZE(path), L"%ls\\*", folder) < 0)
        return ERROR_FILENAME_EXCED_RANGE;
    HANDLE search = FindFirstFileW(path, &found);
    if (search != INVALID_HANDLE_VALUE) {
        do {
            if (!wcscmp(found.cFileName, L".") || !wcscmp(found.cFileName, L".."))
                continue;
            if (swprintf(path, ARRAYSIZE(path), L"%ls\\%ls", folder, found.cFileName) < 0) {
                failure = ERROR_FILENAME_EXCED_RANGE;
                continue;
            }
            BOOL isFolder = (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
            BOOL isLink = (found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
            SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
            DWORD refused = isFolder && !isLink ? removeTree(path)
                            : (isFolder ? RemoveDirectoryW(path) : DeleteFileW(path)) ? 0
                                                                                       : GetLastError();
            if (refused)
                failure = refused;
        } while (FindNextFileW(search, &found));
        FindClose(search);
    }
    if (!RemoveDirectoryW(folder) && !failure && GetLastError() != ERROR_FILE_NOT_FOUND)
        failure = GetLastError();
    return failure;
}

BOOL removeDataFolder(const wchar_t *data, Failure *failure)
{
    DWORD attributes = GetFileAttributesW(data);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return TRUE;
    if (attributes & FILE_ATTRIBUTE_REPARSE_POINT)
        return fail(failure, ERROR_DIRECTORY, L"%ls is a link, and is left.", data);
    DWORD refused = removeTree(data);
    wchar_t parent[LONG_PATH];
    wcscpy(parent, data);
    wchar_t *slash = wcsrchr(parent, L'\\');
    if (slash && slash > parent + 3) {
        *slash = 0;
        /* Only where nothing else is left in it. */
        RemoveDirectoryW(parent);
    }
    return refused ? fail(failure, refused, L"Not everything in %ls could be deleted.", data) : TRUE;
}

/* The service's entry with the service control manager: used by the command line and by the installer alike. */
#include "service.h"

#include <ntsecapi.h>
#include <stdio.h>
#include <tlhelp32.h>

#define EVENT_SOURCE L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\" SERVICE_NAME
/* Longer than the service itself takes. */
enum { STOP_WITHIN_MS = 45 * 1000, START_WITHIN_MS = 30 * 1000, PRESHUTDOWN_MS = 60 * 1000 };

BOOL fail(Failure *failure, DWORD number, const wchar_t *format, ...)
{
    va_list values;
    va_start(values, format);
    vswprintf(failure->text, ARRAYSIZE(failure->text), format, values);
    va_end(values);
    failure->number = number;
    return FALSE;
}

static SC_HANDLE openService(DWORD rights)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = manager ? OpenServiceW(manager, SERVICE_NAME, rights) : NULL;
    DWORD refused = GetLastError();
    if (manager)
        CloseServiceHandle(manager);
    SetLastError(refused);
    return service;
}

BOOL serviceExists(void)
{
    SC_HANDLE service = openService(SERVICE_QUERY_STATUS);
    if (service)
        CloseServiceHandle(service);
    return service != NULL;
}

BOOL isVirtualAccount(const wchar_t *account)
{
    return _wcsnicmp(account, L"NT SERVICE\\", 11) == 0;
}

PSID sidOfAccount(const wchar_t *account)
{
    wchar_t name[512], domain[256];
    DWORD sidBytes = SECURITY_MAX_SID_SIZE, domainLength = ARRAYSIZE(domain), nameLength = ARRAYSIZE(name);
    SID_NAME_USE use;
    /* `.\name` is how services write an account of this machine; looking up wants the machine's name. */
    if (account[0] == L'.' && account[1] == L'\\') {
        if (!GetComputerNameW(name, &nameLength))
            return NULL;
        swprintf(name + nameLength, ARRAYSIZE(name) - nameLength, L"%ls", account + 1);
    } else {
        swprintf(name, ARRAYSIZE(name), L"%ls", account);
    }
    PSID sid = LocalAlloc(LPTR, sidBytes);
    if (sid && LookupAccountNameW(NULL, name, sid, &sidBytes, domain, &domainLength, &use))
        return sid;
    LocalFree(sid);
    return NULL;
}

/* "Log on as a service": the Services window gives it in passing, CreateService does not. */
static BOOL allowLogon(const wchar_t *account, Failure *failure)
{
    static wchar_t right[] = L"SeServiceLogonRight";
    LSA_UNICODE_STRING rights = {sizeof right - sizeof *right, sizeof right, right};
    LSA_OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes};
    LSA_HANDLE policy;
    if (isVirtualAccount(account) || !_wcsnicmp(account, L"NT AUTHORITY\\", 13))
        return TRUE;
    PSID sid = sidOfAccount(account);
    if (!sid)
        return fail(failure, GetLastError(), L"Windows knows no account %ls.", account);
    NTSTATUS refused = LsaOpenPolicy(NULL, &attributes, POLICY_LOOKUP_NAMES | POLICY_CREATE_ACCOUNT, &policy);
    if (!refused) {
        refused = LsaAddAccountRights(policy, sid, &rights, 1);
        LsaClose(policy);
    }
    LocalFree(sid);
    return refused ? fail(failure, LsaNtStatusToWinError(refused), L"%ls could not be given the right to log on as a service.", account)
                   : TRUE;
}

static void writeEventSource(void)
{
    static const wchar_t messages[] = L"%SystemRoot%\\System32\\EventCreate.exe";
    DWORD kinds = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE, own = 1;
    HKEY key;
    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, EVENT_SOURCE, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL))
        return;
    /* Its messages 1 to 1000 say nothing but what they are given. */
    RegSetValueExW(key, L"EventMessageFile", 0, REG_EXPAND_SZ, (const BYTE *)messages, sizeof messages);
    RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&kinds, sizeof kinds);
    RegSetValueExW(key, L"CustomSource", 0, REG_DWORD, (const BYTE *)&own, sizeof own);
    RegCloseKey(key);
}

/* What the service is worth having for, beside its being there. An old Windows may know less of it. */
static void refine(SC_HANDLE service)
{
    SC_ACTION again[] = {{SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 60000}, {SC_ACTION_RESTART, 300000}};
    SERVICE_FAILURE_ACTIONSW actions = {.dwResetPeriod = 86400, .cActions = ARRAYSIZE(again), .lpsaActions = again};
    SERVICE_PRESHUTDOWN_INFO beforeShutdown = {PRESHUTDOWN_MS};
    SERVICE_SID_INFO ownSid = {SERVICE_SID_TYPE_UNRESTRICTED};
    SERVICE_DESCRIPTIONW description = {L"Keeps Flynotes current with this practice's Carestream R4."};
    ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &actions);
    ChangeServiceConfig2W(service, SERVICE_CONFIG_PRESHUTDOWN_INFO, &beforeShutdown);
    ChangeServiceConfig2W(service, SERVICE_CONFIG_SERVICE_SID_INFO, &ownSid);
    ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &description);
}

BOOL registerService(const Folders *folders, const wchar_t *account, const wchar_t *password, Failure *failure)
{
    wchar_t command[4 * LONG_PATH];
    const DWORD rights = SERVICE_CHANGE_CONFIG | SERVICE_START;
    swprintf(command, ARRAYSIZE(command), L"\"%ls\\carestream-service.exe\" run --data-dir \"%ls\"%ls%ls", folders->install,
             folders->data, folders->words[0] ? L" --" : L"", folders->words);
    if (account && !allowLogon(account, failure))
        return FALSE;
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE);
    if (!manager)
        return fail(failure, GetLastError(), L"The service control manager does not let this user create services.");
    SC_HANDLE service =
        CreateServiceW(manager, SERVICE_NAME, SERVICE_DISPLAY_NAME, rights, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
                       SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, account ? account : VIRTUAL_ACCOUNT, password);
    DWORD refused = service ? 0 : GetLastError();
    if (refused == ERROR_SERVICE_EXISTS) {
        service = OpenServiceW(manager, SERVICE_NAME, rights);
        /* Without an account given it keeps the one that it has, whose password nobody knows any more. */
        refused = service && ChangeServiceConfigW(service, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL,
                                                  command, NULL, NULL, NULL, account, password, SERVICE_DISPLAY_NAME)
                      ? 0
                      : GetLastError();
    }
    if (service && !refused)
        refine(service);
    if (service)
        CloseServiceHandle(service);
    CloseServiceHandle(manager);
    if (refused)
        return fail(failure, refused, L"The service could not be entered with the service control manager.");
    writeEventSource();
    return TRUE;
}

static DWORD stateOf(SC_HANDLE service)
{
    SERVICE_STATUS status = {0};
    return QueryServiceStatus(service, &status) ? status.dwCurrentState : 0;
}

static BOOL waitFor(SC_HANDLE service, DWORD state, DWORD withinMs)
{
    for (ULONGLONG until = GetTickCount64() + withinMs; stateOf(service) != state; Sleep(200))
        if (GetTickCount64() > until)
            return FALSE;
    return TRUE;
}

BOOL startRegisteredService(Failure *failure)
{
    SC_HANDLE service = openService(SERVICE_START | SERVICE_QUERY_STATUS);
    if (!service)
        return fail(failure, GetLastError(), L"The service cannot be opened.");
    DWORD refused = StartServiceW(service, 0, NULL) || GetLastError() == ERROR_SERVICE_ALREADY_RUNNING ? 0 : GetLastError();
    if (!refused && !waitFor(service, SERVICE_RUNNING, START_WITHIN_MS))
        refused = ERROR_SERVICE_REQUEST_TIMEOUT;
    CloseServiceHandle(service);
    if (refused == ERROR_SERVICE_LOGON_FAILED)
        return fail(failure, refused, L"Windows does not accept the account or the password of the service.");
    return refused ? fail(failure, refused, L"The service did not start.") : TRUE;
}

/* A service that has stopped may still have a process, and that holds its own file: a program that runs cannot be deleted. */
static void waitForProcesses(const wchar_t *installFolder)
{
    PROCESSENTRY32W entry = {.dwSize = sizeof entry};
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    if (all == INVALID_HANDLE_VALUE)
        return;
    for (BOOL more = Process32FirstW(all, &entry); more; more = Process32NextW(all, &entry)) {
        wchar_t path[LONG_PATH];
        DWORD length = ARRAYSIZE(path);
        const size_t folderLength = wcslen(installFolder);
        HANDLE process = OpenProcess(SYNCHRONIZE | PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, entry.th32ProcessID);
        if (!process)
            continue;
        if (entry.th32ProcessID != GetCurrentProcessId() && QueryFullProcessImageNameW(process, 0, path, &length) &&
            !_wcsnicmp(path, installFolder, folderLength) && path[folderLength] == L'\\' &&
            WaitForSingleObject(process, 10 * 1000) == WAIT_TIMEOUT && TerminateProcess(process, 1))
            WaitForSingleObject(process, 5 * 1000);
        CloseHandle(process);
    }
    CloseHandle(all);
}

BOOL stopRegisteredService(const wchar_t *installFolder, Failure *failure)
{
    SERVICE_STATUS status;
    SC_HANDLE service = openService(SERVICE_STOP | SERVICE_QUERY_STATUS);
    if (!service) {
        DWORD refused = GetLastError();
        return refused == ERROR_SERVICE_DOES_NOT_EXIST || fail(failure, refused, L"The service cannot be opened.");
    }
    ControlService(service, SERVICE_CONTROL_STOP, &status);
    BOOL stopped = waitFor(service, SERVICE_STOPPED, STOP_WITHIN_MS);
    CloseServiceHandle(service);
    if (!stopped)
        return fail(failure, ERROR_SERVICE_REQUEST_TIMEOUT, L"The service did not stop.");
    if (installFolder)
        waitForProcesses(installFolder);
    return TRUE;
}

BOOL unregisterService(Failure *failure)
{
    SC_HANDLE service = openService(DELETE);
    DWORD refused = service && DeleteService(service) ? 0 : GetLastError();
    if (service)
        CloseServiceHandle(service);
    RegDeleteKeyW(HKEY_LOCAL_MACHINE, EVENT_SOURCE);
    if (refused && refused != ERROR_SERVICE_DOES_NOT_EXIST && refused != ERROR_SERVICE_MARKED_FOR_DELETE)
        return fail(failure, refused, L"The service could not be removed.");
    return TRUE;
}

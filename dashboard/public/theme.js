// Before anything is painted: a page that was switched to dark does not flash.
try {
  const theme = localStorage.getItem('tutti.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is closed to this page: the system's choice holds.
}
